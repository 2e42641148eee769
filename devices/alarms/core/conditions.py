"""What a rule may ask of readings: each kind makes signals of points.

A point is a time with a value; of rules about two metrics with a pair of values, as they stood
at that time. `lookback_us` is how far before a point those lie that its signal depends on.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from devices.alarms.core.signals import Event, Signal

Value = float | bool | str | None
Point = tuple[int, Any]


class Condition(Protocol):
    """One kind of rule, with its numbers."""

    @property
    def lookback_us(self) -> int:
        """Return how far before a point lie those that its signal depends on."""
        ...

    @property
    def is_pointwise(self) -> bool:
        """Return whether the signal of a point depends on that point alone."""
        ...

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield the signals that `points`, in order, make; in order, too."""
        ...


def number_of(value: object) -> float | None:
    """Return a value as a number; None: it is none."""
    return None if isinstance(value, str) or value is None else float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Outside:
    """A number above `high` or below `low`; it is well again within them by `hysteresis`."""

    low: float | None = None
    high: float | None = None
    hysteresis: float = 0.0
    lookback_us: ClassVar[int] = 0
    is_pointwise: ClassVar[bool] = True

    def signal(self, value: object) -> Signal:
        """Return what it says of one value; a text tells nothing."""
        number = number_of(value)
        if number is None:
            return Signal.HOLD
        if self.high is not None and number > self.high:
            return Signal.BREACH
        if self.low is not None and number < self.low:
            return Signal.BREACH
        if self.high is not None and number > self.high - self.hysteresis:
            return Signal.HOLD
        if self.low is not None and number < self.low + self.hysteresis:
            return Signal.HOLD
        return Signal.OK

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield one signal a point."""
        for ts, value in points:
            yield ts, self.signal(value)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first of two metrics less the second one, as `Outside` of numbers."""

    within: Outside
    lookback_us: ClassVar[int] = 0
    is_pointwise: ClassVar[bool] = True

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield one signal a point; while one of the two is unknown nothing is."""
        for ts, pair in points:
            first, second = map(number_of, pair)
            known = first is not None and second is not None
            yield ts, self.within.signal(first - second) if known else Signal.HOLD  # type: ignore[operator]


def word_of(value: object) -> str:
    """Return a value as people write it in a rule: on, off, 5, a text."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


WORDS = {"true": "on", "false": "off"}


@dataclass(frozen=True, slots=True)
class Equals:
    """A value that is one of some words."""

    words: frozenset[str]
    lookback_us: ClassVar[int] = 0
    is_pointwise: ClassVar[bool] = True

    @classmethod
    def parse(cls, text: str) -> "Equals":
        """Return it of words that are split by commas."""
        words = [word.strip().lower() for word in text.split(",")]
        return cls(frozenset(WORDS.get(word, word) for word in words if word))

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield one signal a point."""
        for ts, value in points:
            is_one = word_of(value).lower() in self.words
            yield ts, Signal.BREACH if is_one else Signal.OK


@dataclass(frozen=True, slots=True)
class Changes:
    """A value that is another one than before; to one of some words, where there are any."""

    to: Equals
    # The value before it, however old, is always there.
    lookback_us: ClassVar[int] = 0
    is_pointwise: ClassVar[bool] = False

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield a breach of a moment for each change."""
        known, before = False, None
        for ts, value in points:
            word = word_of(value).lower()
            if known and word != before and (not self.to.words or word in self.to.words):
                yield ts, Signal.BREACH
            yield ts, Signal.OK
            known, before = True, word


@dataclass(frozen=True, slots=True)
class Rate:
    """A number that has risen by more than `rise`, or fallen by more than `fall`, in a window.

    What is compared is what was valid at both ends of the window.
    """

    window_us: int
    rise: float | None = None
    fall: float | None = None
    is_pointwise: ClassVar[bool] = False

    @property
    def lookback_us(self) -> int:
        """Return the width of the window."""
        return self.window_us

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield a signal whenever a number enters or leaves the window."""
        numbers = [(ts, n) for ts, value in points if (n := number_of(value)) is not None]
        times = [ts for ts, _number in numbers]
        for ts in sorted({*times, *(ts + self.window_us for ts in times)}):
            newest = numbers[bisect_right(times, ts) - 1][1]
            oldest = numbers[max(0, bisect_right(times, ts - self.window_us) - 1)][1]
            yield ts, self._signal(newest - oldest)

    def _signal(self, change: float) -> Signal:
        if self.rise is not None and change > self.rise:
            return Signal.BREACH
        return Signal.BREACH if self.fall is not None and -change > self.fall else Signal.OK


@dataclass(frozen=True, slots=True)
class Stuck:
    """A value that is read again and again, and has not moved by more than `least` in a window."""

    window_us: int
    least: float = 0.0
    is_pointwise: ClassVar[bool] = False

    @property
    def lookback_us(self) -> int:
        """Return the width of the window."""
        return self.window_us

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield one signal a point: a breach once the window is full of the same."""
        # Of numbers: indices of the window, by falling and by rising value.
        highs: deque[int] = deque()
        lows: deque[int] = deque()
        values: list[Any] = []
        # The last change between numbers and words, or from one word to another.
        fixed = first = 0
        for at, (ts, value) in enumerate(points):
            number = number_of(value)
            values.append(word_of(value) if number is None else number)
            if at and (number is None or isinstance(values[at - 1], str)):
                fixed = fixed if values[at] == values[at - 1] else at
            # The point that was valid when the window began belongs to it.
            while first + 1 <= at and points[first + 1][0] <= ts - self.window_us:
                first += 1
            if number is not None:
                _push(highs, at, values, lambda old, new: old <= new)
                _push(lows, at, values, lambda old, new: old >= new)
                start = max(first, fixed)
                while highs[0] < start:
                    highs.popleft()
                while lows[0] < start:
                    lows.popleft()
            is_full = points[first][0] <= ts - self.window_us and fixed <= first
            same = number is None or values[highs[0]] - values[lows[0]] <= self.least
            yield ts, Signal.BREACH if is_full and same else Signal.OK


def _push(
    indices: "deque[int]", at: int, values: list[Any], gone: Callable[[Any, Any], bool]
) -> None:
    while indices and (
        isinstance(values[indices[-1]], str) or gone(values[indices[-1]], values[at])
    ):
        indices.pop()
    indices.append(at)


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing comes: each point ends a breach, and begins another one.

    How long nothing may come is the machine's `for_us`.
    """

    lookback_us: ClassVar[int] = 0
    is_pointwise: ClassVar[bool] = True

    def signals(self, points: Sequence[Point]) -> Iterator[Event]:
        """Yield two signals a point."""
        for ts, _value in points:
            yield ts, Signal.OK
            yield ts, Signal.BREACH
