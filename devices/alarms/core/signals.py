"""What a rule says of a moment, and the machine that makes episodes of it.

A signal holds from its time until the next one: a value is what it was read as until another
is read. The machine is causal: what it says up to a moment depends on nothing after it.

| mode | signal | what happens |
|---|---|---|
| normal | BREACH | pending; raised once it has lasted for `for_us` |
| normal | OK, HOLD | nothing is pending |
| raised | OK | pending; cleared once it has lasted for `clear_us` |
| raised | BREACH, HOLD | nothing is pending |
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

# A span: from its first moment to the one after its last.
Span = tuple[int, int]


class Signal(IntEnum):
    """What a rule says of a value. HOLD: within the hysteresis, it changes nothing."""

    OK = -1
    HOLD = 0
    BREACH = 1


# From a time on.
Event = tuple[int, Signal]
# At a time; whether it was raised, or cleared.
Transition = tuple[int, bool]


@dataclass(slots=True)
class Machine:
    """One rule on one series at a moment.

    Args:
        for_us: how long a breach must last.
        clear_us: how long it must have been over.
        raised: its mode.
        pending: since when the signal asks for the other mode.
    """

    for_us: int
    clear_us: int
    raised: bool = False
    pending: int | None = None

    @property
    def due(self) -> int | None:
        """Return when the mode changes unless another signal comes before."""
        if self.pending is None:
            return None
        return self.pending + (self.clear_us if self.raised else self.for_us)

    def take(self, events: Iterable[Event]) -> Iterator[Transition]:
        """Take in `events`, in order; yield what follows up to the last of them."""
        for ts, signal in events:
            due = self.due
            # At the very moment the newer signal counts.
            if due is not None and due < ts:
                yield self._change(due)
            wanted = Signal.OK if self.raised else Signal.BREACH
            if signal != wanted:
                self.pending = None
            elif self.pending is None:
                self.pending = ts
            yield from self.advance(ts)

    def advance(self, now: int) -> Iterator[Transition]:
        """Let time go by; yield what follows."""
        due = self.due
        if due is not None and due <= now:
            yield self._change(due)

    def _change(self, at: int) -> Transition:
        self.raised, self.pending = not self.raised, None
        return at, self.raised


def suppress(events: Sequence[Event], spans: Sequence[Span]) -> list[Event]:
    """Return `events` with nothing to raise within `spans`: a breach is held there.

    What was raised before stays until it is over. A breach that outlasts a span begins anew at
    its end.

    Args:
        events: in order.
        spans: in order, none overlapping.
    """
    if not (events and spans):
        return list(events)
    starts = [since for since, _until in spans]

    def held(ts: int, signal: Signal) -> Event:
        at = bisect_right(starts, ts) - 1
        is_within = at >= 0 and ts < spans[at][1]
        return ts, Signal.HOLD if is_within and signal is Signal.BREACH else signal

    edges = deque(edge for span in spans for edge in span if edge > events[0][0])
    found: list[Event] = []
    last = events[0][1]
    for ts, signal in events:
        while edges and edges[0] <= ts:
            edge = edges.popleft()
            # At the very moment the newer signal counts.
            if edge < ts:
                found.append(held(edge, last))
        found.append(held(ts, signal))
        last = signal
    return found + [held(edge, last) for edge in edges]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return `spans` in order, those that touch each other as one."""
    found: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found
