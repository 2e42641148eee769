"""How the installation is, as far as each person may know it.

Hosts, process ids and what programs say of themselves are for people who see all devices.
Whoever has a role sees what is wrong in words; whoever has none sees that packets come, or not.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from devices.access import Scope
from devices.models import Process
from devices.monitoring import conditions, heartbeats
from devices.monitoring.conditions import Condition


class Shown(NamedTuple):
    """What a person is told."""

    conditions: list[Condition]
    processes: list[Process]


def shown_to(scope: Scope, processes: Sequence[Process]) -> Shown:
    """Return what is wrong and which processes there are, as `scope` may know it."""
    if not scope.has_role:
        return Shown([], [])
    found = conditions.current(list(processes))
    if scope.everything:
        return Shown(found, list(processes))
    told = {condition.code: replace(condition, detail="") for condition in found}
    return Shown(list(told.values()), [_anonymous(process) for process in processes])


def _anonymous(process: Process) -> Process:
    """Return a process without its name, host and details."""
    made = Process(kind=process.kind, state=process.state, beat_at=process.beat_at)
    made.silent_s = process.silent_s
    return made


def told(process: Process) -> dict[str, Any]:
    """Return a process as the API tells it."""
    return {
        "id": process.id,
        "kind": process.kind,
        "alive": heartbeats.is_alive(process),
        "state": process.state,
        "started_at": process.started_at,
        "beat_at": process.beat_at,
        "info": process.info,
    }
