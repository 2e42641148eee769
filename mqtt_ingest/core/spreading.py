"""Equal device times, spread by arrival.

A device whose clock knows whole seconds, and that sends several packets in each, would have
all but the first of them refused as conflicts.
"""

from collections import OrderedDict

from mqtt_ingest.core.limits import MICROSECONDS
from mqtt_ingest.core.packets import Entry, Sample

# Devices that are remembered, and times of each: as many as a list holds records.
CAPACITY, TIMES = 100_000, 1_000
# Beyond this (µs) a packet that arrives late is moved by no more, but for a step each.
LATEST = MICROSECONDS - 10_000


class _Device:
    """Time -> (our time when it first came, the last time that was given for it); in µs."""

    __slots__ = ("given",)

    def __init__(self) -> None:
        self.given: OrderedDict[int, tuple[int, int]] = OrderedDict()

    def move(self, ts: int, now: int) -> int:
        """Return the time that a sample of `ts`, arriving at `now`, is stored at."""
        first_at, last = self.given.pop(ts, (now, ts - 1))
        given = min(max(ts + min(now - first_at, LATEST), last + 1), ts + MICROSECONDS - 1)
        self.given[ts] = (first_at, given)
        if len(self.given) > TIMES:
            self.given.popitem(last=False)
        return given


class Spreading:
    """Moves samples within their second, for sources that ask for it."""

    def __init__(self) -> None:
        self._devices: OrderedDict[tuple[str, str], _Device] = OrderedDict()

    def look(self, entry: Entry, *, redelivered: bool) -> None:
        """Give the samples of `entry` times of their own.

        The first that comes with a time keeps it; a later one is moved by how much later it
        arrived, by less than a second. What its first sample was given is stored as the
        packet's time of arrival, so that a redelivery gets the same.

        Args:
            entry: a packet; only one that speaks of one device is spread.
            redelivered: its time of arrival is that of an earlier delivery.
        """
        packet = entry.packet
        if entry.messages is None or len(entry.messages) != 1:
            return
        message = entry.messages[0]
        if not message.samples or message.clock_difference is None or message.stamped:
            return  # some of its records have no time of their own: theirs is that of arrival
        ts = message.samples[0].ts
        device = self._device((entry.source, message.native_id))
        moved: dict[tuple[int, int], int] = {}
        if redelivered and 0 <= packet.received_at - ts < MICROSECONDS:
            moved[ts, 0] = packet.received_at
        seen: dict[tuple[str, int], int] = {}
        samples: list[Sample] = []
        for sample in message.samples:
            # The values of one record have one time; records of one time in a list do not.
            turn = seen[sample.metric, sample.ts] = seen.get((sample.metric, sample.ts), -1) + 1
            key = (sample.ts, turn)
            if key not in moved:
                moved[key] = device.move(sample.ts, packet.received_at)
            samples.append(sample._replace(ts=moved[key]))
        message.samples = samples
        packet.stamp, message.stamped = samples[0].ts, True

    def _device(self, name: tuple[str, str]) -> _Device:
        device = self._devices.pop(name, None) or _Device()
        self._devices[name] = device
        if len(self._devices) > CAPACITY:
            self._devices.popitem(last=False)
        return device
