"""An optional limit on packets per second and device: a token bucket each.

It thins only what is stamped near now: a device that comes back and sends its backlog
is never thinned. Off by default. Each slot counts for itself.
"""

from collections import OrderedDict

from mqtt_ingest.core.limits import MICROSECONDS
from mqtt_ingest.core.packets import DeviceMessage, Entry

# Samples older than this (µs before arrival) are a backlog.
NEAR_NOW = 60 * MICROSECONDS
# A device may save up so many seconds of its rate.
BURST_SECONDS = 10.0
# Buckets kept; the longest unused goes first.
CAPACITY = 100_000


class Throttle:
    """Marks the packets that a device sends above its rate."""

    def __init__(self, rate: float) -> None:
        """Allow `rate` packets a second and device."""
        self._rate = rate
        self._burst = max(1.0, rate * BURST_SECONDS)
        # (source, native id) -> (tokens, arrival time in µs of the last packet)
        self._buckets: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def look(self, entry: Entry) -> None:
        """Mark what `entry` says of devices that are above their rate."""
        for message in entry.messages or ():
            if message.samples and not self._takes(entry, message):
                message.throttled = True
                entry.reason = "throttled"
                entry.detail = f"above {self._rate:g} packets a second"

    def _takes(self, entry: Entry, message: DeviceMessage) -> bool:
        """Return whether the device of `message` is within its rate."""
        now = entry.packet.received_at
        if message.samples[-1].ts < now - NEAR_NOW:
            return True
        name = (entry.source, message.native_id)
        tokens, before = self._buckets.pop(name, (self._burst, now))
        tokens = min(self._burst, tokens + max(0, now - before) / MICROSECONDS * self._rate)
        is_within = tokens >= 1.0
        self._buckets[name] = (tokens - 1.0 if is_within else tokens, now)
        if len(self._buckets) > CAPACITY:
            self._buckets.popitem(last=False)
        return is_within
