"""The values that travel through the core."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["number", "boolean", "text"]
# As a value came: a `numeral` is a number in quotes, a `word` one of on, off, true, false in
# quotes. Both keep how they were written, for series of texts.
SampleKind = Literal["number", "boolean", "text", "numeral", "word"]


@dataclass(slots=True, eq=False)  # compared by identity: two equal packets are two packets
class Packet:
    """An MQTT PUBLISH as it arrived. `received_at` is in µs since 1970 UTC."""

    topic: str
    payload: bytes
    received_at: int
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    # Which publisher's packet ids these are: empty for one upstream session.
    session: str = ""
    # The connection that delivered it; acknowledgements of older ones are dropped.
    generation: int = 0
    # By how much (µs) accepted devices agree that their clocks are ahead of ours; see `clocks`.
    ahead: int = 0
    # In µs, where a redelivery is to be given this time instead of that of arrival.
    stamp: int = 0

    @property
    def now(self) -> int:
        """Return the time of arrival, in µs, as device times are judged by it."""
        return self.received_at + self.ahead


class Sample(NamedTuple):
    """One decoded value. `ts` is in µs since 1970 UTC; booleans are 0.0 and 1.0."""

    metric: str
    ts: int
    kind: SampleKind
    value: float | None
    text: str | None


@dataclass(slots=True)
class Decoded:
    """What one packet says about one device."""

    native_id: str
    samples: list[Sample] = field(default_factory=list)
    status: Literal["", "online", "offline"] = ""
    # Values that could not be stored, as (metric, what was wrong).
    bad: list[tuple[str, str]] = field(default_factory=list)
    # Samples older than the retention limit; acknowledged and counted.
    expired: int = 0
    # Device times that were replaced by arrival time.
    clock_replaced: int = 0
    # Device time minus arrival time in µs, where the device gave one.
    clock_difference: int | None = None
    # That time was local time without a zone: it says little about the device's clock.
    is_local: bool = False
    # It was of an hour that comes twice: which one is meant, the time of arrival told.
    is_twice: bool = False
    # True where at least one sample has a time that we gave it.
    stamped: bool = False

    @property
    def odd(self) -> bool:
        """Return whether there is more to tell than samples."""
        return bool(self.bad or self.clock_replaced or self.expired or not self.samples)

    @property
    def empty(self) -> bool:
        """A packet without anything to store or to complain about."""
        return not (self.samples or self.status or self.bad or self.expired)


@dataclass(slots=True)
class Entry:
    """A packet with what became of it: decoded, or refused with a reason."""

    packet: Packet
    source: str
    decoded: Decoded | None = None
    reason: str = ""
    detail: str = ""
    position: int | None = None
    # µs since 1970 UTC; 0 while it waits.
    committed_at: int = 0
    # A redelivery of a packet that was taken in before; only dead letters look at it.
    redelivered: bool = False


@dataclass(slots=True)
class Batch:
    """Entries that are stored in one transaction, in the order they arrived."""

    entries: list[Entry] = field(default_factory=list)
    samples: int = 0
    bytes: int = 0
    # What the sink has prepared while the batch was filling; the core never looks at it.
    staged: object = None

    def add(self, entry: Entry) -> None:
        """Append `entry`; a packet's samples never span two batches."""
        self.entries.append(entry)
        self.bytes += len(entry.packet.payload)
        if entry.decoded is not None:
            self.samples += len(entry.decoded.samples)
