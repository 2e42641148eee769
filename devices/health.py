"""Heartbeats: which processes live, and how they are.

Each process writes a row every two seconds. Where one process is everything, its
heartbeats stay in its memory (`keep_here`), and others ask it on its HTTP port: idle, it
writes nothing.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from urllib.error import HTTPError
from urllib.request import urlopen

from django.core import signing
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from devices.models import Process
from devices.states import AsOf

# A process that has not written for this long is taken for dead.
DEAD_AFTER = timedelta(seconds=6)
FORGET_AFTER = timedelta(days=1)
# The state of a process that has ended in good order.
ENDED = "ended"
# A process that keeps its heartbeats in memory writes its row that often all the same.
HERE_SECONDS = 600.0
# An old heartbeat is checked with the process itself for so long.
ASK_SECONDS = 3_600.0
# Of those, the last ones: a host that is gone answers nobody, and takes a second to say so.
ASK_MOST = 3
_remembered: list[Process] = []
_SALT = "iotbridge.packets"
TOKEN_SECONDS = 60


class IngestHealth(TypedDict):
    """The pipeline's health, as `hb` frames and /status tell it."""

    state: str
    last_packet: float | None
    lag_ms: float | None
    # Where it is not up: until when it was, in ms; None where nobody can tell.
    since: float | None


@dataclass(slots=True)
class _Here:
    """Heartbeats of this process, if it is everything there is."""

    url: str = ""
    processes: dict[str, Process] = field(default_factory=dict)
    written: dict[str, tuple[str, float]] = field(default_factory=dict)

    def keeps(self, process: Process) -> bool:
        """Take a heartbeat; return whether its row need not be written."""
        self.processes[process.id] = process
        state, at = self.written.get(process.id, ("", 0.0))
        now = time.monotonic()
        if state == process.state and now - at < HERE_SECONDS:
            return True
        self.written[process.id] = (process.state, now)
        return False


_here = _Here()


def keep_here(url: str) -> None:
    """Keep heartbeats in memory from now on; `url` is where others ask for them."""
    _here.url = url


def beside() -> list[dict[str, Any]]:
    """Return the heartbeats that are kept here, for those that ask."""
    return [
        {"name": process.id, "state": process.state, "info": process.info}
        for process in _here.processes.values()
    ]


def beat(name: str, kind: str, started: float, state: str, info: dict[str, Any]) -> None:
    """Write the heartbeat of process `name`, by the database's clock."""
    if _here.url:
        info = {**info, "http": _here.url}
        began = datetime.fromtimestamp(started, UTC)
        process = Process(id=name, kind=kind, started_at=began, state=state, info=info)
        process.beat_at = timezone.now()
        if _here.keeps(process):
            return
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
    """Note that a process ends in good order: nobody misses it, and until when it was is known."""
    _here.processes.pop(name, None)
    Process.objects.filter(id=name).update(state=ENDED, beat_at=Now(), info={})


def living(kind: str) -> list[str]:
    """Return the names of the live processes of `kind`."""
    alive = Process.objects.filter(kind=kind, beat_at__gte=Now() - DEAD_AFTER)
    return list(alive.exclude(state=ENDED).values_list("id", flat=True))


def processes() -> list[Process]:
    """Return every process that wrote within a day and has not ended, the living first.

    A worker whose heartbeat is old is asked itself: where the database takes no writes
    (its disk is full), workers live on and know why.
    """
    found = _read()
    _remembered[:] = found
    silent = [p for p in found if not is_alive(p) and p.silent_s < ASK_SECONDS]
    for process in silent[:ASK_MOST]:
        ask(process)
    return found


def _read() -> list[Process]:
    """Return the processes as they wrote, without asking any."""
    now = database_now()
    rows = Process.objects.exclude(state=ENDED).order_by("-beat_at")
    found = [_here.processes.get(process.id, process) for process in rows]
    for process in found:
        process.silent_s = max(0.0, (now - process.beat_at).total_seconds())
    return found


def as_of(now: datetime | None = None) -> AsOf:
    """Return as of when devices are known; `now` where somebody has looked at the clock already."""
    return as_of_health(ingest_health(_read()), now)


def as_of_health(ingest: IngestHealth, now: datetime | None = None) -> AsOf:
    """Return the same from `ingest`; where nobody has looked yet, nothing says that it is down."""
    since = ingest["since"]
    until = None if since is None else datetime.fromtimestamp(since / 1_000, UTC)
    return AsOf(now or timezone.now(), ingest_up=ingest["state"] in {"up", "unknown"}, until=until)


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
    for one in (told, *told.get("beside", ())):
        if one.get("name") == process.id:
            process.silent_s, process.state = 0.0, one["state"]
            process.info = {**process.info, **one["info"]}


def slots_of(process: Process) -> dict[str, dict[str, Any]]:
    """Return what `process` tells of its slots; a worker of another release may tell less."""
    told = {"state": "unknown", "detail": "", "since": 0.0, "database": "", "canary": "off"}
    told |= {"oldest_s": 0.0, "paused": False, "unacknowledged": 0}
    told |= {"down_since": None, "was_up": True}
    told |= {"sharing": "", "is_sharing": False, "stands_by": False}
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
        "since": None if state == "up" else _up_until(workers, holding),
    }


def _up_until(workers: list[Process], holding: list[Process]) -> float | None:
    """Return until when ingest was up, in ms: as its slots say, else as its last heartbeat does."""
    slots = [slot for process in holding for slot in slots_of(process).values()]
    moments = [slot["down_since"] * 1_000 for slot in slots if slot["down_since"]]
    if moments and all(slot["was_up"] for slot in slots if slot["down_since"]):
        return float(min(moments))
    gone = [process for process in workers if not is_alive(process)] + _ended()
    last = max((_last_up(process) for process in gone), default=None)
    return min(moments) if last is None and moments else last


def _last_up(process: Process) -> float:
    """Return until when a process that is no more held slots that were up, in ms."""
    moments = [slot["down_since"] for slot in slots_of(process).values() if slot["down_since"]]
    return float(min([process.beat_at.timestamp(), *moments]) * 1_000)


def _ended() -> list[Process]:
    ended = Process.objects.filter(kind="ingest", state=ENDED)
    return list(ended.order_by("-beat_at")[:1])


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
