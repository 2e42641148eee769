"""What stored points give, from any moment on, for one rule on one series.

Nothing has to be remembered for it: what went on before a moment is told by the episodes that
are stored, and by as many points before it as a breach must last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from devices.alarms.core.conditions import Condition, Point
from devices.alarms.core.episodes import Episode, is_raised, last_change
from devices.alarms.core.signals import Event, Machine, Span, Transition, suppress

# So far ahead it is looked for when something is in force again.
AHEAD_US = 8 * 86_400_000_000
# The spans of a time in which nothing is raised.
Suppressed = Callable[[int, int], Sequence[Span]]


class Points(Protocol):
    """The stored points of what a rule is on."""

    def before(self, ts: int) -> int | None:
        """Return the time of the last point before `ts`."""
        ...

    def since(self, ts: int) -> Sequence[Point]:
        """Return the points from `ts` on, oldest first, with the one before."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule on one series, as numbers.

    Args:
        condition: what it asks.
        for_us: how long a breach must last.
        clear_us: how long it must be over.
        since: when the rule began, or was changed: nothing is raised before.
        suppressed: when nothing is raised.
    """

    condition: Condition
    for_us: int
    clear_us: int
    since: int
    suppressed: Suppressed


@dataclass(slots=True)
class Course:
    """How it went on from a moment.

    Args:
        changes: what was raised and cleared, in order.
        machine: as it is at the end.
        due: when something changes next, if nothing comes; None: nothing will.
        said: what is valid at the end, and what is said later if nothing comes.
        points: that were read, with one before.
    """

    changes: list[Transition]
    machine: Machine
    due: int | None
    said: list[Event] = field(default_factory=list)
    points: Sequence[Point] = ()


def beginning(asked: Asked, since: int, stored: Points) -> int:
    """Return from when on it has to be made anew, if something has changed at `since`.

    That is the point before: what followed from that alone may not have been seen yet.
    """
    before = stored.before(since)
    return max(since if before is None else before, asked.since)


def course(
    asked: Asked, episodes: Sequence[Episode], since: int, now: int, stored: Points
) -> Course:
    """Return how it goes on from `since`, whatever was said of moments from there on before.

    Args:
        asked: the rule.
        episodes: as they were known, those at least that touch `since`.
        since: a `beginning`.
        now: up to which time goes by; points may lie after it.
        stored: the points.
    """
    machine = Machine(asked.for_us, asked.clear_us, is_raised(episodes, since))
    # What has been pending for longer would have changed the mode by now.
    start = since - (asked.clear_us if machine.raised else asked.for_us)
    changed = last_change(episodes, since)
    if changed is not None:
        start = max(start, changed)
    # What is said at `since` itself is said anew; at an earlier change its last word counts.
    anew = start if start == since else start + 1
    points = stored.since(_reach(asked.condition, anew, stored))
    end = max([now, *(ts for ts, _value in points[-1:])])
    events = [*asked.condition.signals(points)]
    valid = [signal for ts, signal in events if ts < anew]
    later = [event for event in events if event[0] >= anew]
    if valid and not (later and later[0][0] == start):
        later.insert(0, (start, valid[-1]))
    found = go_on(asked, machine, later, end)
    found.points = points
    return found


def _reach(condition: Condition, anew: int, stored: Points) -> int:
    """Return from when on points are needed to know what is valid right before `anew`."""
    if condition.is_pointwise:
        return anew
    valid = stored.before(anew)
    return (anew if valid is None else valid) - condition.lookback_us


def go_on(asked: Asked, machine: Machine, events: Sequence[Event], end: int) -> Course:
    """Take in `events`, as far as they are not later than `end`, and let time go by until then."""
    said = [event for event in events if event[0] <= end][-1:]
    said += [event for event in events if event[0] > end]
    if events:
        spans = asked.suppressed(events[0][0], max(end, events[-1][0]) + AHEAD_US)
        events = suppress(events, spans)
    changes = [*machine.take(event for event in events if event[0] <= end)]
    changes += machine.advance(end)
    ahead = [ts for ts, _signal in events if ts > end]
    times = [*ahead[:1], *([] if machine.due is None else [machine.due])]
    return Course(changes, machine, min(times, default=None), said)


def never(_since: int, _until: int) -> list[Span]:
    """Suppress nothing."""
    return []
