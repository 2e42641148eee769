"""What a rule would have raised: asked of the stored history, before the rule rings.

Limits are asked of sums of an hour first: where all of an hour lies on one side of them, as the
hours around it do, its readings need not be read. All else is read as it is stored, the newest
first where there is too much of it; the answer says from when on it is exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

from django.utils.translation import gettext

from devices import queries
from devices.alarms import watched
from devices.alarms.asking import SECOND, Unfit
from devices.alarms.core.conditions import Outside, Point
from devices.alarms.core.episodes import Episode, grouped
from devices.alarms.core.evaluation import course
from devices.alarms.core.signals import Signal
from devices.alarms.models import Rule
from devices.alarms.stored_points import StoredPoints, count
from devices.alarms.watched import Watched
from devices.queries import Bin, QueryTooLong, SeriesInfo

# Readings that one answer reads; series that it asks.
MOST_ROWS, MOST_SERIES = 300_000, 20
# One at a time in each process: what is read is in memory.
_one_by_one = Lock()
WAIT_SECONDS = 10.0
HOUR = 3_600 * SECOND


@dataclass(slots=True)
class Would:
    """An alarm that a rule would have raised, on a series of a device (pks); times in µs."""

    device: int
    metric: str
    since: int
    until: int | None
    times: int


@dataclass(slots=True)
class BackTest:
    """What a rule would have done.

    Args:
        alarms: oldest first.
        series: how many it was asked of; `of`: how many there are.
        since: from when on (µs): later than asked where there is too much to read.
    """

    since: int
    until: int
    alarms: list[Would] = field(default_factory=list)
    series: int = 0
    of: int = 0

    @property
    def seconds(self) -> float:
        """Return for how long anything would have been on, all alarms together."""
        ends = [(one.since, self.until if one.until is None else one.until) for one in self.alarms]
        return sum(end - start for start, end in ends) / SECOND

    def longer_than(self, seconds: int) -> int:
        """Return how many would have lasted longer."""
        ends = [(one.since, self.until if one.until is None else one.until) for one in self.alarms]
        return sum(end - start > seconds * SECOND for start, end in ends)


class Hourly:
    """The points of one series, without those of hours that tell nothing new."""

    def __init__(self, one: Watched, condition: Outside, start: int, end: int) -> None:
        """Prepare; to be used within a `queries.read_snapshot`."""
        self._stored = StoredPoints(one.inputs)
        self._condition = condition
        self._start, self._end = start, end
        info = queries.infos_of([one.inputs[0][0]])
        self._info: SeriesInfo | None = info[0] if info else None
        self.rows = 0

    def before(self, ts: int) -> int | None:
        """Return the time of the last point before `ts`."""
        return self._stored.before(ts)

    def since(self, ts: int) -> Sequence[Point]:
        """Return the points from `ts` on that tell something, with the one before."""
        if self._info is None:
            return []
        found = self._stored.before_of(ts)
        for begin, end in self._told(queries.bins(self._info, ts, self._end, HOUR)):
            part = self._stored.between(max(begin, ts), min(end, self._end))
            self.rows += len(part)
            found += part
        return found

    def _told(self, bins: Sequence[Bin]) -> Iterator[tuple[int, int]]:
        """Yield the hours whose points have to be read: where the side changes."""
        before: Signal | None = None
        for start, _last, low, high, _n, _mean in bins:
            side = self._side(low, high)
            if side is None or side is not before:
                yield start, start + HOUR - 1
            before = side

    def _side(self, low: float | None, high: float | None) -> Signal | None:
        if low is None or high is None:
            return None
        sides = {self._condition.signal(low), self._condition.signal(high)}
        side = sides.pop()
        return side if not sides and side is not Signal.HOLD else None


def back_test(rule: Rule, start: int, end: int) -> BackTest:
    """Return what `rule`, which need not be stored, would have raised in a span.

    Call it within a `queries.read_snapshot`.

    Args:
        rule: it was checked (`full_clean`).
        start: µs since 1970 UTC.
        end: µs since 1970 UTC.

    Raises:
        Unfit: its limits are in a unit that fits none of its series.
        QueryTooLong: reading takes too long, or others try rules just now.
    """
    if not _one_by_one.acquire(timeout=WAIT_SECONDS):
        raise QueryTooLong(gettext("Others are trying rules just now: try again in a minute."))
    try:
        return _tested(rule, start, end)
    finally:
        _one_by_one.release()


def _tested(rule: Rule, start: int, end: int) -> BackTest:
    rule.since = start
    found = BackTest(start, end)
    every = list(watched.of_rule(rule))
    found.of = len(every)
    room = MOST_ROWS
    for one in every[:MOST_SERIES]:
        if room <= 0:
            break
        since, read, episodes = _asked(one, start, end, room)
        room -= read
        found.series += 1
        found.since = max(found.since, since)
        found.alarms += [
            Would(one.device, one.metric, group[0][0], group[-1][1], len(group))
            for group in grouped([], end, episodes, rule.again_s * SECOND)
        ]
    found.alarms = sorted(
        (one for one in found.alarms if one.until is None or one.until >= found.since),
        key=lambda alarm: alarm.since,
    )
    return found


def _asked(one: Watched, start: int, end: int, room: int) -> tuple[int, int, list[Episode]]:
    """Return from when on it was asked, how many rows that took, and the episodes."""
    condition = one.asked.condition
    until = min(end, queries.now_us())
    if isinstance(condition, Outside):
        hourly = Hourly(one, condition, start, until)
        found = course(one.asked, [], start, until, hourly)
        return start, max(1, hourly.rows), _episodes(found.changes, until)
    rows, since = count(one.inputs, start, until, room)
    stored = StoredPoints(one.inputs, is_whole=one.is_whole, until=until)
    found = course(one.asked, [], since, until, stored)
    return since, max(1, rows), _episodes(found.changes, until)


def _episodes(changes: Sequence[tuple[int, bool]], until: int) -> list[Episode]:
    found: list[Episode] = []
    for at, raised in changes:
        if at > until:
            break
        if raised:
            found.append((at, None))
        elif found:
            found[-1] = found[-1][0], at
    return found


__all__ = ["BackTest", "Unfit", "Would", "back_test"]
