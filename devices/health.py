"""Heartbeat rows: which processes live, and how they are."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from urllib.error import HTTPError
from urllib.request import urlopen

from django.core import signing
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from devices.models import Process

# A process that has not written for this long is taken for dead.
DEAD_AFTER = timedelta(seconds=6)
FORGET_AFTER = timedelta(days=1)
# An old heartbeat is checked with the process itself for so long.
ASK_SECONDS = 3_600.0
_remembered: list[Process] = []
_SALT = "iotbridge.packets"
TOKEN_SECONDS = 60


class IngestHealth(TypedDict):
    """The pipeline's health, as `hb` frames and /status tell it."""

    state: str
    last_packet: float | None
    lag_ms: float | None


def beat(name: str, kind: str, started: float, state: str, info: dict[str, Any]) -> None:
    """Write the heartbeat of process `name`, by the database's clock."""
    beaten = Process.objects.filter(id=name).update(beat_at=Now(), state=state, info=info)
    if not beaten:
        Process.objects.create(
            id=name,
            kind=kind,
            started_at=datetime.fromtimestamp(started, UTC),
            beat_at=database_now(),
            state=state,
            info=info,
        )


def clock_offset() -> float:
    """Return how many seconds this machine's clock is ahead of the database's."""
    return round((timezone.now() - database_now()).total_seconds(), 3)


def forget_old() -> None:
    """Remove the rows of processes that were not heard of for a day."""
    Process.objects.filter(beat_at__lt=Now() - FORGET_AFTER).delete()


def database_now() -> datetime:
    """Return the database's clock, which all processes share."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def database_micros() -> int:
    """Return the same in µs since 1970 UTC."""
    return round(database_now().timestamp() * 1e6)


def end(name: str) -> None:
    """Remove the row of a process that ends in good order."""
    Process.objects.filter(id=name).delete()


def living(kind: str) -> list[str]:
    """Return the names of the live processes of `kind`."""
    alive = Process.objects.filter(kind=kind, beat_at__gte=Now() - DEAD_AFTER)
    return list(alive.values_list("id", flat=True))


def processes() -> list[Process]:
    """Return every process that wrote within a day, the living first.

    A worker whose heartbeat is old is asked itself: where the database takes no writes
    (its disk is full), workers live on and know why.
    """
    now = database_now()
    found = list(Process.objects.order_by("-beat_at"))
    _remembered[:] = found
    for process in found:
        process.silent_s = (now - process.beat_at).total_seconds()
        if not is_alive(process) and process.silent_s < ASK_SECONDS:
            ask(process)
    return found


def remembered() -> list[Process]:
    """Return the processes as last read, asked anew; for when the database is away."""
    for process in _remembered:
        process.silent_s = (timezone.now() - process.beat_at).total_seconds()
        ask(process)
    return list(_remembered)


def ask(process: Process) -> None:
    """Refresh `process` from its own HTTP port, where it answers within a second."""
    url = process.info.get("http")
    if not url:
        return
    try:
        with urlopen(f"{url}/healthz", timeout=1) as answer:  # noqa: S310 - our own worker
            told = json.load(answer)
    except HTTPError as error:
        told = json.load(error)
    except (OSError, ValueError):
        return
    if told.get("name") == process.id:
        process.silent_s, process.state = 0.0, told["state"]
        process.info = {**process.info, **told["info"]}


def slots_of(process: Process) -> dict[str, dict[str, Any]]:
    """Return what `process` tells of its slots; a worker of another release may tell less."""
    told = {"state": "unknown", "detail": "", "since": 0.0, "database": "", "canary": "off"}
    told |= {"oldest_s": 0.0, "paused": False, "unacknowledged": 0}
    return {
        name: {**told, **slot} if isinstance(slot, dict) else {**told, "state": slot[0]}
        for name, slot in process.info.get("slots", {}).items()
    }


def is_alive(process: Process) -> bool:
    """Return whether `process` wrote its heartbeat lately."""
    return process.silent_s < DEAD_AFTER.total_seconds()


def ingest_health(found: list[Process] | None = None) -> IngestHealth:
    """Return how the pipeline is: `up`, `down` or `stopped` (no worker lives)."""
    workers = [
        process for process in (processes() if found is None else found) if process.kind == "ingest"
    ]
    alive = [process for process in workers if is_alive(process)]
    holding = [process for process in alive if process.state != "idle"]
    packets = [p.info["last_packet_ms"] for p in workers if p.info.get("last_packet_ms")]
    lags = [p.info.get("totals", {}).get("lag_seconds", 0.0) for p in holding]
    if not alive:
        state = "stopped"
    elif holding and all(process.state == "up" for process in holding):
        state = "up"
    else:
        state = "down"
    return {
        "state": state,
        "last_packet": max(packets, default=None),
        "lag_ms": max(lags) * 1_000 if lags else None,
    }


def packets_token() -> str:
    """Return the token with which one process reads a worker's last packets."""
    return signing.TimestampSigner(salt=_SALT).sign("packets")


def is_packets_token(token: str) -> bool:
    """Return whether `token` was made by `packets_token` within a minute."""
    try:
        signing.TimestampSigner(salt=_SALT).unsign(token, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return False
    return True
