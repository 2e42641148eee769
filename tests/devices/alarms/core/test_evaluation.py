"""Whatever order points come in, the episodes are those of a plain list, looked at tick by tick."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.alarms.core.conditions import (
    Changes,
    Condition,
    Difference,
    Equals,
    Missing,
    Outside,
    Point,
    Rate,
    Stuck,
)
from devices.alarms.core.episodes import Episode, continued
from devices.alarms.core.evaluation import Asked, beginning, course
from devices.alarms.core.signals import Signal, Span, joined

END = 60


@dataclass
class Listed:
    """Points in a list."""

    points: dict[int, Any]

    def before(self, ts: int) -> int | None:
        return max((time for time in self.points if time < ts), default=None)

    def since(self, ts: int) -> list[Point]:
        times = sorted(self.points)
        before = [time for time in times if time < ts][-1:]
        return [(time, self.points[time]) for time in before + [t for t in times if t >= ts]]


def valid_at(points: dict[int, Any], tick: int) -> Any:
    times = [ts for ts in points if ts <= tick]
    return points[max(times)] if times else None


@dataclass
class ByTick:
    """What a rule says at each tick, by its definition alone."""

    condition: Condition
    points: dict[int, Any]

    def signals(self, tick: int) -> list[Signal]:
        """Return what is said at a tick: none before there is a point."""
        if not any(ts <= tick for ts in self.points):
            return []
        match self.condition:
            case Missing():
                return [Signal.OK, Signal.BREACH] if tick in self.points else [Signal.BREACH]
            case Changes(to):
                before = [ts for ts in self.points if ts < tick]
                value = self.points.get(tick)
                is_new = value is not None and before and self.points[max(before)] != value
                wanted = not to.words or str(value) in to.words
                return [Signal.BREACH, Signal.OK] if is_new and wanted else [Signal.OK]
            case Rate(window, rise, fall):
                newest = valid_at(self.points, tick)
                oldest = valid_at(self.points, tick - window)
                oldest = self.points[min(self.points)] if oldest is None else oldest
                change = newest - oldest
                up = rise is not None and change > rise
                down = fall is not None and -change > fall
                return [Signal.BREACH if up or down else Signal.OK]
            case Stuck(window, least):
                # It is said with each point, and holds until the next one.
                last = max(ts for ts in self.points if ts <= tick)
                inside = [value for ts, value in self.points.items() if last - window < ts <= last]
                begin = valid_at(self.points, last - window)
                inside += [] if begin is None else [begin]
                same = begin is not None and max(inside) - min(inside) <= least
                return [Signal.BREACH if same else Signal.OK]
            case Difference(within):
                first, second = valid_at(self.points, tick)
                return [within.signal(first - second)]
            case Equals(words):
                value = valid_at(self.points, tick)
                return [Signal.BREACH if str(value) in words else Signal.OK]
            case Outside():
                return [self.condition.signal(valid_at(self.points, tick))]
        raise AssertionError(self.condition)


def by_tick(asked: Asked, points: dict[int, Any], off: list[Span]) -> list[Episode]:
    """Return the episodes up to `END`, a tick at a time."""
    table = ByTick(asked.condition, points)
    found: list[Episode] = []
    raised, pending = False, None
    for tick in range(-200, END + 1):
        for signal in table.signals(tick):
            said = signal
            if signal is Signal.BREACH and any(a <= tick < b for a, b in off):
                said = Signal.HOLD
            wanted = Signal.OK if raised else Signal.BREACH
            if said is not wanted:
                pending = None
                continue
            pending = tick if pending is None else pending
            needed = asked.clear_us if raised else asked.for_us
            if tick - pending >= needed and tick >= asked.since:
                if raised:
                    found[-1] = found[-1][0], tick
                else:
                    found.append((tick, None))
                raised, pending = not raised, None
    return found


def made_anew(
    asked: Asked, episodes: list[Episode], since: int, now: int, stored: Listed
) -> list[Episode]:
    since = beginning(asked, since, stored)
    return continued(episodes, since, course(asked, episodes, since, now, stored).changes)


NUMBERS = st.sampled_from([0.0, 1.0, 4.0, 5.0, 6.0, 9.0])
SMALL = st.integers(0, 6)
PAIRS = st.tuples(NUMBERS, NUMBERS)
# Conditions, and the values that they are asked about.
CONDITIONS: list[tuple[st.SearchStrategy[Condition], st.SearchStrategy[Any]]] = [
    (st.just(Outside(None, 5.0, 2.0)), NUMBERS),
    (st.just(Outside(1.0, 6.0, 1.0)), NUMBERS),
    (st.just(Equals(frozenset({"a", "b"}))), st.sampled_from("abcd")),
    (st.just(Changes(Equals(frozenset()))), st.sampled_from("ab")),
    (st.just(Changes(Equals(frozenset({"a"})))), st.sampled_from("ab")),
    (st.just(Missing()), NUMBERS),
    (st.builds(Rate, st.integers(1, 9), st.just(4.0), st.just(3.0)), NUMBERS),
    (st.builds(Stuck, st.integers(1, 9), st.sampled_from([0.0, 1.0])), NUMBERS),
    (st.just(Difference(Outside(None, 2.0, 1.0))), PAIRS),
]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Asked, list[tuple[int, Any]], list[Span], list[int]]:
    conditions, values = draw(st.sampled_from(CONDITIONS))
    condition = draw(conditions)
    for_us, clear_us = draw(SMALL), draw(SMALL)
    if isinstance(condition, Changes):
        for_us = 0
    if isinstance(condition, Missing):
        for_us, clear_us = max(1, for_us), 0
    spans = joined(
        draw(st.lists(st.tuples(st.integers(-9, END), st.integers(-9, END)), max_size=3))
    )
    asked = Asked(condition, for_us, clear_us, draw(st.integers(-5, 20)), lambda *_span: spans)
    times = draw(st.lists(st.integers(-9, END), unique=True, max_size=16))
    if draw(st.booleans()):
        times.sort()
    points = [(ts, draw(values)) for ts in times]
    # How far time has come when each of them comes, at least to it.
    clocks = sorted(draw(st.integers(-5, END)) for _point in points)
    return asked, points, spans, clocks


@settings(max_examples=600, deadline=None)
@given(histories())
def test_points_in_any_order_give_the_episodes_of_a_list(
    history: tuple[Asked, list[tuple[int, Any]], list[Span], list[int]],
) -> None:
    asked, points, spans, clocks = history
    known: dict[int, Any] = {}
    episodes: list[Episode] = []
    stored = Listed(known)
    for (ts, value), now in zip(points, clocks, strict=True):
        known[ts] = value
        episodes = made_anew(asked, episodes, ts, now, stored)
    # Time goes by: from the newest point on.
    newest = max(known, default=0)
    episodes = made_anew(asked, episodes, newest, END, stored)
    assert episodes == by_tick(asked, known, spans)


@settings(max_examples=300, deadline=None)
@given(histories(), st.integers(-9, END))
def test_it_can_begin_anew_at_any_moment(
    history: tuple[Asked, list[tuple[int, Any]], list[Span], list[int]], since: int
) -> None:
    asked, points, spans, _clocks = history
    known = dict(points)
    whole = by_tick(asked, known, spans)
    assert made_anew(asked, whole, since, END, Listed(known)) == whole
