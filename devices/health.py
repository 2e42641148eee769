"""Heartbeat rows: which processes live, and how they are."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from django.core import signing
from django.utils import timezone

from devices.models import Process

# A process that has not written for this long is taken for dead.
DEAD_AFTER = timedelta(seconds=6)
FORGET_AFTER = timedelta(days=1)
_SALT = "iotbridge.packets"
TOKEN_SECONDS = 60


class IngestHealth(TypedDict):
    """The pipeline's health, as `hb` frames and /status tell it."""

    state: str
    last_packet: float | None
    lag_ms: float | None


def beat(name: str, kind: str, started: float, state: str, info: dict[str, Any]) -> None:
    """Write the heartbeat of process `name`."""
    now = timezone.now()
    Process.objects.update_or_create(
        id=name,
        defaults={
            "kind": kind,
            "started_at": datetime.fromtimestamp(started, UTC),
            "beat_at": now,
            "state": state,
            "info": info,
        },
    )
    Process.objects.filter(beat_at__lt=now - FORGET_AFTER).delete()


def end(name: str) -> None:
    """Remove the row of a process that ends in good order."""
    Process.objects.filter(id=name).delete()


def living(kind: str) -> list[str]:
    """Return the names of the live processes of `kind`."""
    alive = timezone.now() - DEAD_AFTER
    return list(Process.objects.filter(kind=kind, beat_at__gte=alive).values_list("id", flat=True))


def processes() -> list[Process]:
    """Return every process that wrote within a day, the living first."""
    return list(Process.objects.order_by("-beat_at"))


def is_alive(process: Process) -> bool:
    """Return whether `process` wrote its heartbeat lately."""
    return process.beat_at >= timezone.now() - DEAD_AFTER


def ingest_health() -> IngestHealth:
    """Return how the pipeline is: `up`, `down` or `stopped` (no worker lives)."""
    workers = [process for process in processes() if process.kind == "ingest"]
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
