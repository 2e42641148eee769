"""Equal device times, spread by arrival.

A device whose clock knows whole seconds, and that sends several packets in each, would have
all but the first of them refused as conflicts.
"""

from collections import OrderedDict

from mqtt_ingest.core.limits import MICROSECONDS
from mqtt_ingest.core.packets import Entry, Sample

# Devices that are remembered.
CAPACITY = 100_000


class Spreading:
    """Moves samples within their second, for sources that ask for it."""

    def __init__(self) -> None:
        # (source, native id) -> (the time that came last, our time when it first came, the last
        # time it was given); all in µs
        self._last: OrderedDict[tuple[str, str], tuple[int, int, int]] = OrderedDict()

    def look(self, entry: Entry, *, again: bool) -> None:
        """Give the samples of `entry` times of their own.

        The first that comes with a time keeps it; a later one is moved by how much later it
        arrived, by less than a second. What it was given is stored as the packet's time of
        arrival, so that a redelivery gets the same.

        Args:
            entry: of one device, read.
            again: its time of arrival is that of an earlier delivery.
        """
        decoded, packet = entry.decoded, entry.packet
        if decoded is None or not decoded.samples:
            return
        _apart(decoded.samples)
        ts = decoded.samples[0].ts
        if again:
            shift = packet.received_at - ts
            shift = shift if 0 <= shift < MICROSECONDS else 0
        else:
            shift = self._shift((entry.source, decoded.native_id), ts, packet.received_at)
        if shift:
            decoded.samples = [sample._replace(ts=sample.ts + shift) for sample in decoded.samples]
        if decoded.clock_difference is not None:
            packet.stamp, decoded.stamped = ts + shift, True

    def _shift(self, device: tuple[str, str], ts: int, now: int) -> int:
        last, first_at, given = self._last.pop(device, (-1, now, -1))
        if ts == last:
            given = min(max(ts + now - first_at, given + 1), ts + MICROSECONDS - 1)
        else:
            first_at = now
            given = ts
        self._last[device] = (ts, first_at, given)
        if len(self._last) > CAPACITY:
            self._last.popitem(last=False)
        return given - ts


def _apart(samples: list[Sample]) -> None:
    """Move records of one packet that have the same time apart, by a microsecond each."""
    seen: dict[str, int] = {}
    for number, sample in enumerate(samples):
        before = seen.get(sample.metric)
        if before is not None and sample.ts <= before and before - sample.ts < MICROSECONDS // 2:
            samples[number] = sample._replace(ts=before + 1)
        seen[sample.metric] = samples[number].ts
