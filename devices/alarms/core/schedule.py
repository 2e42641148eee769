"""When a rule is in force: weekdays and hours in a zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from devices.alarms.core.signals import Span, joined

DAY_MINUTES = 1_440


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekdays (Monday is 0) on which a stretch of minutes begins; it may go past midnight.

    Args:
        days: on which it begins.
        start: minutes after midnight.
        end: minutes after midnight; not later than `start`: of the next day.
        zone: of the calendar.
    """

    days: frozenset[int]
    start: int
    end: int
    zone: tzinfo

    def off(self, since: int, until: int) -> list[Span]:
        """Return the spans between two moments (µs) in which it is not in force."""
        found: list[Span] = []
        at = since
        for begin, end in joined(self._on(since, until)):
            if begin > at:
                found.append((at, min(begin, until)))
            at = max(at, end)
        if at < until:
            found.append((at, until))
        return [span for span in found if span[0] < span[1]]

    def _on(self, since: int, until: int) -> Iterator[Span]:
        # A day more at each end: of zones, and of what goes past midnight.
        day = datetime.fromtimestamp(since / 1e6, UTC).date() - timedelta(days=2)
        last = datetime.fromtimestamp(until / 1e6, UTC).date() + timedelta(days=2)
        while day <= last:
            if day.weekday() in self.days:
                after = day + timedelta(days=self.end <= self.start)
                yield self._moment(day, self.start), self._moment(after, self.end)
            day += timedelta(days=1)

    def _moment(self, day: date, minutes: int) -> int:
        day += timedelta(days=minutes // DAY_MINUTES)
        clock = time(minutes % DAY_MINUTES // 60, minutes % 60)
        return round(datetime.combine(day, clock, self.zone).timestamp() * 1e6)
