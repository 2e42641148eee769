"""Heartbeats: which processes live, and how they are.

Each process writes a row every two seconds. Where one process is everything, its
heartbeats stay in its memory (`keep_here`), and others ask it on its HTTP port: idle, it
writes nothing.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any, TypedDict
from urllib.error import HTTPError
from urllib.request import urlopen

from django.db.models.functions import Now
from django.utils import timezone

from devices.database_clock import database_now
from devices.models import Process
from devices.models.slot_names import SlotName, slot_names
from devices.registry.states import AsOf
from devices.timings import AHEAD_SECONDS, DEAD_AFTER, HERE_SECONDS

FORGET_AFTER = timedelta(days=1)
# The state of a process that has ended in good order.
ENDED = "ended"
# A slot that nobody holds is missed for so long after its worker was heard of last.
MISSED_SECONDS = 600.0
# An old heartbeat is checked with the process itself for so long.
ASK_SECONDS = 3_600.0
# Of those, the last ones: a host that is gone answers nobody, and takes a second to say so.
ASK_MOST = 3
_remembered: list[Process] = []


class IngestHealth(TypedDict):
    """The pipeline's health, as `hb` frames and /status tell it."""

    state: str
    last_packet: float | None
    lag_ms: float | None
    # Where it is not up: until when it was, in ms; None where nobody can tell.
    since: float | None
    # By how much the clocks of the devices are ahead of ours, if they agree.
    ahead_ms: int


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
        return state == process.state and time.monotonic() - at < HERE_SECONDS

    def wrote(self, process: Process) -> None:
        """Note that its row was written."""
        self.written[process.id] = (process.state, time.monotonic())


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
    process = Process(
        id=name,
        kind=kind,
        started_at=datetime.fromtimestamp(started, UTC),
        beat_at=timezone.now(),
        state=state,
        info={**info, "http": _here.url} if _here.url else info,
    )
    if _here.url and _here.keeps(process):
        return
    _write(process)
    _here.wrote(process)


def _write(process: Process) -> None:
    row = Process.objects.filter(id=process.id)
    if not row.update(beat_at=Now(), state=process.state, info=process.info):
        process.beat_at = database_now()
        process.save(force_insert=True)


def forget_old() -> None:
    """Remove the rows of processes that were not heard of for a day."""
    Process.objects.filter(beat_at__lt=Now() - FORGET_AFTER).delete()


def end(name: str) -> None:
    """Note that a process ends in good order: nobody misses it, and until when it was is known."""
    process = _here.processes.pop(name, None) or Process.objects.filter(id=name).first()
    if process is not None:
        kept = {"last_up": _last_up(process)}
        Process.objects.filter(id=name).update(state=ENDED, beat_at=Now(), info=kept)


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
    here = _here.processes
    found = [*here.values(), *(process for process in rows if process.id not in here)]
    for process in found:
        process.silent_s = _silence((now - process.beat_at).total_seconds())
    return found


def _silence(age: float) -> float:
    """Return for how long (s) nothing was heard of a process whose heartbeat is of that `age`.

    One that lies far ahead was written while a clock did: it tells nothing of now.
    """
    return -age if age < -AHEAD_SECONDS else max(0.0, age)


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
    except (OSError, ValueError, HTTPException):  # the last: it dies while it answers
        return
    for one in (told, *told.get("beside", ())):
        if one.get("name") == process.id:
            process.silent_s, process.state = 0.0, one["state"]
            process.info = {**process.info, **one["info"]}


def slots_of(process: Process) -> dict[str, dict[str, Any]]:
    """Return what `process` tells of its slots; a worker of another release may tell less."""
    told = {"state": "unknown", "detail": "", "since": 0.0, "database": "", "canary": "off"}
    told |= {"oldest_s": 0.0, "paused": False, "unacknowledged": 0}
    told |= {"sharing": "", "is_sharing": False, "stands_by": False, "refused": {}}
    told |= {"clocks_ahead_s": 0, "contested": False, "leaves": False, "not_interpreted": []}
    told |= {"failing": []}
    return {
        name: {**told, **slot} if isinstance(slot, dict) else {**told, "state": slot[0]}
        for name, slot in process.info.get("slots", {}).items()
    }


def is_alive(process: Process) -> bool:
    """Return whether `process` wrote its heartbeat lately."""
    return process.silent_s < DEAD_AFTER.total_seconds()


def ingest_health(found: list[Process] | None = None) -> IngestHealth:
    """Return how the pipeline is: `up`, `down` or `stopped` (no worker lives).

    Up means that every slot that is to receive does; with several brokers, every slot of one of
    them: what comes by the others is cut off, and known to be. Workers that begin, are idle, or
    stand by change nothing; a slot whose worker is gone is missed until somebody holds it.
    """
    workers = [
        process for process in (processes() if found is None else found) if process.kind == "ingest"
    ]
    alive = [process for process in workers if is_alive(process)]
    receiving = [process for process in alive if _receiving(process)]
    packets = [p.info["last_packet_ms"] for p in workers if p.info.get("last_packet_ms")]
    lags = [p.info.get("totals", {}).get("lag_seconds", 0.0) for p in receiving]
    down = [process for process in receiving if not _is_up(process)]
    if not alive:
        state = "stopped"
    elif not receiving or not _some_broker_is_up(workers, alive):
        state = "down"
    else:
        state = "up"
    return {
        "state": state,
        "last_packet": max(packets, default=None),
        "lag_ms": max(lags) * 1_000 if lags else None,
        "since": None if state == "up" else _up_until(down, workers),
        "ahead_ms": _ahead_ms(alive),
    }


def reading_now_us(ingest: IngestHealth) -> int:
    """Return now in µs as readings have it: by the devices' clocks where they agree."""
    return time.time_ns() // 1_000 + ingest["ahead_ms"] * 1_000


def _ahead_ms(alive: list[Process]) -> int:
    """Return by how much the devices' clocks are ahead of ours, where they agree; else 0."""
    ahead = (slot["clocks_ahead_s"] for process in alive for slot in slots_of(process).values())
    most = max(ahead, default=0)
    # Whole seconds are told: rounded up, so that the newest reading is no later.
    return (most + 1) * 1_000 if most else 0


def _receiving(process: Process) -> dict[str, dict[str, Any]]:
    """Return the slots of a worker that are to receive: those that stand by or leave are not."""
    return {
        name: slot
        for name, slot in slots_of(process).items()
        if not (slot["stands_by"] or slot["leaves"])
    }


def _is_up(process: Process) -> bool:
    return all(_slots_up(process).values())


def _slots_up(process: Process) -> dict[str, bool]:
    """Return whether each slot that is to receive does."""
    is_away = bool(process.info.get("database"))
    return {
        name: slot["state"] == "subscribed" and not slot["database"] and not is_away
        for name, slot in _receiving(process).items()
    }


def _some_broker_is_up(workers: list[Process], alive: list[Process]) -> bool:
    """Return whether there is a broker all of whose slots receive."""
    brokers: dict[str, bool] = {}
    states = {name: up for process in alive for name, up in _slots_up(process).items()}
    states |= dict.fromkeys(_missed(workers, alive), False)
    for name, up in states.items():
        slot = SlotName.read(name)
        broker = slot.broker if slot else ""
        brokers[broker] = brokers.get(broker, True) and up
    return any(brokers.values())


def _missed(workers: list[Process], alive: list[Process]) -> set[str]:
    """Return the slots that are nobody's whose worker was heard of lately."""
    held = {name for process in alive for name in slots_of(process)}
    gone = [p for p in workers if not is_alive(p) and p.silent_s < MISSED_SECONDS]
    if not gone:
        return set()
    there_are = set(slot_names())
    return {name for process in gone for name in _receiving(process)} & (there_are - held)


def _up_until(down: list[Process], workers: list[Process]) -> float | None:
    """Return until when ingest was up, in ms, as its workers know themselves.

    Those that are down say it, unless they never were up: then those before them do.
    """
    moments = [moment for process in down if (moment := _last_up(process))]
    if down and len(moments) == len(down):
        return min(moments) * 1_000
    before = [p for p in workers if not is_alive(p) or not _receiving(p)]
    before += Process.objects.filter(kind="ingest", state=ENDED)
    last = max((moment for process in before if (moment := _last_up(process))), default=None)
    return None if last is None else last * 1_000


def _last_up(process: Process) -> float | None:
    """Return until when a worker was up, in s since 1970; None: it never was."""
    moment: float | None = process.info.get("last_up")
    return moment
