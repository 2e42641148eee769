"""A summary of consecutive readings of one series; two that follow each other join into one."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

# (ts in µs, value, text): as stored.
Stored = tuple[int, float | None, str | None]
# Distinct texts that a summary tells apart; further ones count as OTHER.
MAX_TEXTS = 50
OTHER = "…"
# A counter that falls below this part of its value was reset.
DIP = 0.9


@dataclass(slots=True)
class PartialAggregate:
    """What is known of `count` readings between `first_ts` and `last_ts`.

    A value holds until the next reading. `area` is the integral of the value over
    time (value x µs): of a boolean, how long it was on. `rise` is by how much a
    counter grew from one number to the next, whatever texts lie between: see `growth`.
    """

    count: int = 0
    low: float | None = None
    high: float | None = None
    total: float = 0.0
    first: float | None = None
    last: float | None = None
    first_ts: int = 0
    last_ts: int = 0
    rise: float = 0.0
    area: float = 0.0
    # Readings that are texts; the first and last reading where they are; µs by text.
    texts: int = 0
    first_text: str | None = None
    last_text: str | None = None
    held: dict[str, int] = field(default_factory=dict)
    # The first and last number, where the first or last reading is a text.
    first_number: float | None = None
    last_number: float | None = None

    def add(self, ts: int, value: float | None, text: str | None) -> None:
        """Take in the next reading; `ts` is later than all before."""
        if self.count:
            self._hold(ts - self.last_ts)
        else:
            self.first_ts, self.first, self.first_text = ts, value, text
        self.count += 1
        self.last_ts, self.last, self.last_text = ts, value, text
        if value is None:
            self.texts += 1
            return
        self._grow(value, value)
        self.total = _finite(self.total + value)
        if self.low is None or value < self.low:
            self.low = value
        if self.high is None or value > self.high:
            self.high = value

    def join(self, later: "PartialAggregate") -> None:
        """Take in the readings of `later`, which all come after these."""
        if not later.count:
            return
        if self.count:
            self._hold(later.first_ts - self.last_ts)
        else:
            self.first_ts, self.first, self.first_text = (
                later.first_ts,
                later.first,
                later.first_text,
            )
        self.count += later.count
        self.texts += later.texts
        self.total = _finite(self.total + later.total)
        if later.first_number is not None and later.last_number is not None:
            self._grow(later.first_number, later.last_number)
        self.rise = _finite(self.rise + later.rise)
        self.area = _finite(self.area + later.area)
        self.low = _pick(min, self.low, later.low)
        self.high = _pick(max, self.high, later.high)
        self.last_ts, self.last, self.last_text = later.last_ts, later.last, later.last_text
        for text, micros in later.held.items():
            self._keep(text, micros)

    def hold_until(self, ts: int) -> None:
        """Let the last value hold until `ts` without a reading there."""
        if self.count and ts > self.last_ts:
            self._hold(ts - self.last_ts)
            self.last_ts = ts

    @property
    def mean(self) -> float | None:
        """Return the mean of the numbers, None where there are none."""
        numbers = self.count - self.texts
        return self.total / numbers if numbers else None

    def _grow(self, first: float, last: float) -> None:
        """Count from the last number to the next one, `first`, and go on from `last`."""
        if self.last_number is None:
            self.first_number = first
        else:
            self.rise = _finite(self.rise + growth(self.last_number, first))
        self.last_number = last

    def _hold(self, micros: int) -> None:
        if self.last is not None:
            self.area = _finite(self.area + _finite(self.last * micros))
        elif self.last_text is not None:
            self._keep(self.last_text, micros)

    def _keep(self, text: str, micros: int) -> None:
        if text not in self.held and len(self.held) >= MAX_TEXTS:
            text = OTHER
        self.held[text] = self.held.get(text, 0) + micros


def fold(readings: Iterable[Stored]) -> PartialAggregate:
    """Summarise `readings`, which are sorted by time."""
    made = PartialAggregate()
    for ts, value, text in readings:
        made.add(ts, value, text)
    return made


def growth(before: float, value: float) -> float:
    """Return by how much a counter grew from `before` to `value`.

    A value below nine tenths of the one before is a reset, and counts from zero. A smaller
    dip is none (a meter that rounds, or packets out of order): it is taken off again. What
    is negative was never a counter, and has no resets.
    """
    return value if 0 <= value < before * DIP else value - before


def _finite(number: float) -> float:
    """Return `number`, or the largest one there is where a sum left the range of doubles."""
    return max(-sys.float_info.max, min(sys.float_info.max, number))


def _pick(
    choose: Callable[[float, float], float], one: float | None, other: float | None
) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return choose(one, other)
