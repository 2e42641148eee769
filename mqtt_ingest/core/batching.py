"""Bounded batches: the next one fills while the last is being committed."""

from collections import deque
from dataclasses import dataclass

from mqtt_ingest.core.packets import Batch, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Sizes and rate of batches, and the marks between which reading stops and starts."""

    # Seconds to rest between commits.
    commit_interval: float = 0.0
    batch_packets: int = 500
    batch_samples: int = 5_000
    high_packets: int = 10_000
    low_packets: int = 5_000
    high_bytes: int = 32_000_000
    low_bytes: int = 8_000_000
    # Seconds that the oldest packet has waited, beyond the rest between commits.
    high_age: float = 5.0
    low_age: float = 2.0


class BatchQueue:
    """Entries waiting for their commit, in order of arrival."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._batches: deque[Batch] = deque()
        # When each batch that is not done yet was begun, in seconds.
        self._begun: deque[float] = deque()
        self.packets = 0
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, entry: Entry, now: float) -> Batch:
        """Append `entry` to the batch that is filling, or start the next one at `now`.

        Returns the batch that it went into.
        """
        if not self._batches or self._is_full(self._batches[-1]):
            self._batches.append(Batch())
            self._begun.append(now)
        self._batches[-1].add(entry)
        self.packets += 1
        self.bytes += entry.weight
        return self._batches[-1]

    def _is_full(self, batch: Batch) -> bool:
        return (
            len(batch.entries) >= self._bounds.batch_packets
            or batch.samples >= self._bounds.batch_samples
        )

    def take(self) -> Batch:
        """Return the oldest batch. It still counts until `done`."""
        return self._batches.popleft()

    def done(self, batch: Batch) -> None:
        """Take a committed batch out of the count; batches are done in order."""
        self._begun.popleft()
        self.packets -= len(batch.entries)
        self.bytes -= batch.bytes

    def age(self, now: float) -> float:
        """Return for how many seconds the oldest packet has waited."""
        return now - self._begun[0] if self._begun else 0.0

    def is_high(self, now: float) -> bool:
        """More is waiting, or for longer, than may be: stop reading."""
        bounds = self._bounds
        return (
            self.packets >= bounds.high_packets
            or self.bytes >= bounds.high_bytes
            or self.age(now) >= bounds.commit_interval + bounds.high_age
        )

    def is_low(self, now: float) -> bool:
        """Little enough is waiting: read again."""
        bounds = self._bounds
        return (
            self.packets <= bounds.low_packets
            and self.bytes <= bounds.low_bytes
            and self.age(now) <= bounds.commit_interval + bounds.low_age
        )
