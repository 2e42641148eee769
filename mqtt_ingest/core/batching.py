"""Bounded batches: the next one fills while the last is being committed."""

from collections import deque
from dataclasses import dataclass

from mqtt_ingest.core.packets import Batch, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Sizes of a batch, and the marks between which reading stops and starts."""

    batch_packets: int = 500
    batch_samples: int = 5_000
    high_packets: int = 10_000
    low_packets: int = 5_000
    high_bytes: int = 32_000_000
    low_bytes: int = 8_000_000


class BatchQueue:
    """Entries waiting for their commit, in order of arrival."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._batches: deque[Batch] = deque()
        self.packets = 0
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, entry: Entry) -> None:
        """Append `entry` to the batch that is filling, or start the next one."""
        if not self._batches or self._is_full(self._batches[-1]):
            self._batches.append(Batch())
        self._batches[-1].add(entry)
        self.packets += 1
        self.bytes += len(entry.packet.payload)

    def _is_full(self, batch: Batch) -> bool:
        return (
            len(batch.entries) >= self._bounds.batch_packets
            or batch.samples >= self._bounds.batch_samples
        )

    def take(self) -> Batch:
        """Return the oldest batch. It still counts until `done`."""
        return self._batches.popleft()

    def done(self, batch: Batch) -> None:
        """Take a committed batch out of the count."""
        self.packets -= len(batch.entries)
        self.bytes -= batch.bytes

    @property
    def is_high(self) -> bool:
        """More is waiting than may be: stop reading."""
        return self.packets >= self._bounds.high_packets or self.bytes >= self._bounds.high_bytes

    @property
    def is_low(self) -> bool:
        """Little enough is waiting: read again."""
        return self.packets <= self._bounds.low_packets and self.bytes <= self._bounds.low_bytes
