"""What is wrong at present, in words for an operator: one list for page, API, command, alerts.

Each condition has a code, which is also the name of its metric label, of its alert in
`iotbridge/deploy/alerts.yml` and of its entry in docs/howto/runbook.md.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.utils.translation import gettext_noop

from devices import source_checks
from devices.models import Loss, Process
from devices.monitoring import heartbeats
from devices.words import counted

Level = Literal["red", "yellow"]
DAY_US = 86_400_000_000
# A session may take this long to connect before that is a condition.
CONNECT_SECONDS = 10.0
SLOW_SECONDS = 10.0
CLOCK_SECONDS = 5.0
GONE_SECONDS = 600.0
ROLLUP_SECONDS = 60.0

# Background services whose failure has a name of its own.
_FAILING = {"rollups": "rollups_behind", "retention": "retention_failing"}

# code -> (level, what it is called)
CONDITIONS: dict[str, tuple[Level, str]] = {
    "no_worker": ("red", gettext_noop("No ingest worker is running")),
    "database_away": ("red", gettext_noop("The database does not take batches")),
    "disk_full": ("red", gettext_noop("The database's disk is full")),
    "database_locked": ("red", gettext_noop("Something holds a lock in the database")),
    "broker_away": ("red", gettext_noop("A slot is not connected to the broker")),
    "broker_refused": ("red", gettext_noop("The broker refuses us")),
    "deaf": ("red", gettext_noop("Connected, but nothing comes through the broker")),
    "session_taken": ("red", gettext_noop("Another client uses our MQTT client id")),
    "source_broken": ("red", gettext_noop("A source cannot be read as it is set up")),
    "slot_unheld": ("red", gettext_noop("No worker reads a slot's queue")),
    "process_gone": ("yellow", gettext_noop("A process has stopped reporting")),
    "behind": ("yellow", gettext_noop("Ingest is behind")),
    "rollups_behind": ("yellow", gettext_noop("Rollups are behind")),
    "layer_away": ("yellow", gettext_noop("Live announcements fail")),
    "canary_refused": ("yellow", gettext_noop("The canary is not let through")),
    "disk_thinning": ("red", gettext_noop("The disk is filling up: the oldest readings go")),
    "disk_low": ("yellow", gettext_noop("The disk is filling up")),
    "retention_failing": ("yellow", gettext_noop("Old readings cannot be removed")),
    "service_failing": ("yellow", gettext_noop("A background service fails")),
    "not_notified": ("yellow", gettext_noop("Somebody cannot be told of alarms")),
    "not_interpreted": ("yellow", gettext_noop("Announced, but it cannot be interpreted")),
    "share_forgets": ("yellow", gettext_noop("Packets can be lost when the broker restarts")),
    "share_refused": ("yellow", gettext_noop("The broker does not share the load")),
    "share_forgotten": ("yellow", gettext_noop("The broker forgot shared subscriptions")),
    "session_lost": ("yellow", gettext_noop("The broker forgot a session")),
    "database_back": ("yellow", gettext_noop("The database went back to an older state")),
    "broker_dropped": ("yellow", gettext_noop("The broker has dropped packets")),
    "clock_behind": ("yellow", gettext_noop("This machine's clock is behind its devices'")),
    "clock_jump": ("yellow", gettext_noop("A worker's clock differs from the database's")),
    "times_ahead": ("yellow", gettext_noop("A clock was ahead for a while")),
    "loop_lag": ("yellow", gettext_noop("A worker's event loop is slow")),
    "dead_letters_evicted": ("yellow", gettext_noop("Dead letters were evicted")),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong."""

    code: str
    detail: str

    @property
    def level(self) -> Level:
        """Return `red` where packets are not being stored, else `yellow`."""
        return CONDITIONS[self.code][0]

    @property
    def title(self) -> str:
        """Return what it is called."""
        return CONDITIONS[self.code][1]


def current(processes: list[Process]) -> list[Condition]:
    """Return what is wrong, the red first.

    Raises:
        django.db.Error: the database cannot be asked for recorded losses.
    """
    found = [*_of_processes(processes), *_of_sources(), *_of_losses()]
    order = list(CONDITIONS)
    return sorted(set(found), key=lambda condition: (order.index(condition.code), condition.detail))


def _of_processes(processes: list[Process]) -> Iterator[Condition]:
    workers = [process for process in processes if process.kind == "ingest"]
    alive = [process for process in workers if heartbeats.is_alive(process)]
    if not alive:
        yield Condition("no_worker", "packets wait at the broker, as far as its limits go")
    elif not any(process.info.get("slots") for process in alive):
        yield Condition("slot_unheld", "a worker is about to take over")
    for process in processes:
        if not heartbeats.is_alive(process) and process.silent_s < GONE_SECONDS:
            yield Condition(
                "process_gone",
                f"{process.kind} {process.id} was last heard {process.silent_s:.0f} s ago",
            )
    for process in alive:
        yield from of_worker(process)


def of_worker(process: Process) -> Iterator[Condition]:
    """Yield what one live worker says is wrong."""
    info = process.info
    if info.get("database"):
        yield _database(f"{process.id}: {info['database']}")
    if info.get("layer"):
        yield Condition(
            "layer_away", f"{process.id}: {info['layer']}; pages read the database instead"
        )
    if abs(info.get("clock_offset_s") or 0.0) > CLOCK_SECONDS:
        yield Condition("clock_jump", f"{process.id}: {info['clock_offset_s']:+.0f} s")
    for name, service in info.get("services", {}).items():
        yield from _of_service(process, name, service)
    if info.get("loop_lag_s", 0.0) > 1.0:
        yield Condition("loop_lag", f"{process.id}: {info['loop_lag_s']:.1f} s")
    for name, slot in heartbeats.slots_of(process).items():
        yield from _of_slot(name, slot)
        yield from _of_names_and_clocks(name, slot)


def _of_names_and_clocks(name: str, slot: dict[str, Any]) -> Iterator[Condition]:
    if slot["contested"]:
        yield Condition(
            "session_taken",
            f"{name}: the broker gives its session to somebody else again and again, and "
            "each gets part of the packets. Is a copy of this installation running? "
            "Give one of them a MQTT_CLIENT_ID of its own",
        )
    if ahead := slot["clocks_ahead_s"]:
        yield Condition(
            "clock_behind",
            f"{name}: accepted devices agree that it is {timedelta(seconds=ahead)} later; "
            "their times are kept. Set this machine's clock (NTP)",
        )


def _of_service(process: Process, name: str, service: dict[str, Any]) -> Iterator[Condition]:
    """Yield what is wrong with a background service of a worker."""
    if service["failing"]:
        code = _FAILING.get(name, "service_failing")
        words = service["failing"] if name in _FAILING else f"{name}: {service['failing']}"
        yield Condition(code, f"{process.id}: {words}")
    if (behind := service.get("behind_s", 0.0)) > ROLLUP_SECONDS:
        yield Condition("rollups_behind", f"{process.id}: by {behind:.0f} s")
    if service.get("not_sent"):
        yield Condition("not_notified", service["not_sent"])
    if service.get("ahead"):
        yield Condition("times_ahead", f"{process.id}: {service['ahead']}")
    yield from _of_disk(service.get("disk") or {})


def _of_disk(disk: dict[str, Any]) -> Iterator[Condition]:
    if disk.get("state") in {"low", "thinning"}:
        yield Condition(
            f"disk_{disk['state']}",
            f"{disk['free'] / 1e9:.1f} of {disk['size'] / 1e9:.1f} GB are free; "
            f"the database takes {disk['database'] / 1e9:.1f} GB",
        )


def _is_away(slot: dict[str, Any]) -> bool:
    """Return whether a slot has no connection, or has none yet for too long."""
    if slot["state"] in {"subscribed", "refused"}:
        return False
    return slot["state"] in {"lost", "unreachable"} or (
        time.time() - slot["since"] > CONNECT_SECONDS
    )


def _of_connection(name: str, slot: dict[str, Any]) -> Iterator[Condition]:
    """Yield what is wrong between a slot and its broker."""
    state, detail = slot["state"], slot["detail"]
    if state == "refused":
        yield Condition("broker_refused", f"{name}: {detail}")
    else:
        for filter_name, why in slot["refused"].items():
            yield Condition("broker_refused", f"{name}: {filter_name}: {why}")
    if state == "deaf":
        yield Condition("deaf", f"{name}: {detail}")
    elif _is_away(slot):
        yield Condition("broker_away", f"{name}: {state} {detail}")
    if slot["canary"] == "refused":
        yield Condition("canary_refused", f"{name}: may iotbridge publish to iotbridge/canary/#?")


def _of_slot(name: str, slot: dict[str, Any]) -> Iterator[Condition]:
    if slot["database"]:
        yield _database(f"{name}: {slot['database']}")
    if not slot["leaves"]:  # else nobody wants anything of it any more
        yield from _of_connection(name, slot)
    if slot["is_sharing"] and slot["sharing"] == "forgets":
        yield Condition(
            "share_forgets",
            f"{name}: this broker forgets shared subscriptions when it restarts, and "
            "MQTT_SHARING=always uses them anyway",
        )
    for source, words in slot["failing"]:
        yield Condition("source_broken", f"{source}: {words}")
    for source, what, why, number in slot["not_interpreted"]:
        yield Condition("not_interpreted", f"{source}: {what}: {why} ({counted(number, 'packet')})")
    if slot["sharing"] == "refused":
        yield Condition("share_refused", "slot 0 receives everything, the others stand by")
    # Packets wait for the rest between commits as they should.
    resting = settings.COMMIT_INTERVAL_MS / 1_000
    if slot["oldest_s"] > SLOW_SECONDS + resting or slot["paused"]:
        yield Condition(
            "behind",
            f"{name}: waiting for their commit: {counted(slot['unacknowledged'], 'packet')}, "
            f"the oldest for {slot['oldest_s']:.0f} s"
            + ("; not reading on meanwhile" if slot["paused"] else ""),
        )


def _database(detail: str) -> Condition:
    """Return why the database takes nothing, by what it says itself."""
    return Condition(database_code(detail), detail)


def database_code(detail: str) -> str:
    """Return the code of what a database says of itself when it cannot be used."""
    lowered = detail.lower()
    if "no space left" in lowered or "disk is full" in lowered or "disk full" in lowered:
        return "disk_full"
    if "lock timeout" in lowered or "database is locked" in lowered:
        return "database_locked"
    return "database_away"


def _of_sources() -> Iterator[Condition]:
    for name, problem in source_checks.broken():
        yield Condition("source_broken", f"{name}: {problem}")


def _of_losses() -> Iterator[Condition]:
    since = time.time_ns() // 1_000 - DAY_US
    shown = (
        "session_lost",
        "share_forgotten",
        "database_back",
        "broker_dropped",
        "dead_letters_evicted",
    )
    for loss in Loss.objects.filter(device__isnull=True, until__gte=since, reason__in=shown):
        many = loss.packets is None
        told = "an unknown number of packets" if many else counted(loss.packets or 0, "packet")
        told += " within the last day"
        yield Condition(loss.reason, f"{told}: {loss.detail}" if loss.detail else told)
