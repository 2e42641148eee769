"""What devices sent, counted in memory until it is added to their counts."""

from dataclasses import dataclass, fields

from mqtt_ingest.core.packets import DeviceMessage, Packet


@dataclass(slots=True)
class Counts:
    """What a device sent, to be added to its counts."""

    packets: int = 0
    bad_samples: int = 0
    clock_replaced: int = 0
    expired: int = 0
    other_kind: int = 0
    conflicts: int = 0
    empty: int = 0
    refused: int = 0
    throttled: int = 0
    series_refused: int = 0
    qos0: int = 0
    # The last ones, not sums: device time minus arrival, µs of a packet at QoS 0, and whether
    # a time named no zone.
    clock_difference_ms: int | None = None
    qos0_at: int | None = None
    local_time: int | None = None
    # µs of the last packet that says the device is alive
    seen: int = 0
    stale_after_s: int = 0
    # Its cadence may raise that limit.
    learns: bool = True

    def count(self, packet: Packet, message: DeviceMessage) -> None:
        """Add what one packet of the device says about itself."""
        self.packets += 1
        if message.clock_difference is not None:
            self.clock_difference_ms = message.clock_difference // 1_000
            self.local_time = int(message.is_local)
        if not packet.qos and not packet.retain:
            self.qos0 += 1
            self.qos0_at = packet.received_at
        if message.odd:
            self.bad_samples += len(message.bad)
            self.clock_replaced += message.clock_replaced
            self.expired += message.expired
            self.empty += message.empty

    def add(self, other: "Counts") -> None:
        """Add later counts of the same device."""
        for name in SUMS:
            value = getattr(other, name)
            if value:
                setattr(self, name, getattr(self, name) + value)
        for name in LASTS:
            value = getattr(other, name)
            if value is not None:
                setattr(self, name, value)
        self.seen = max(self.seen, other.seen)
        self.stale_after_s, self.learns = other.stale_after_s, other.learns


LASTS = ("clock_difference_ms", "qos0_at", "local_time")
SUMS = tuple(
    field.name
    for field in fields(Counts)
    if field.name not in {*LASTS, "seen", "stale_after_s", "learns"}
)
