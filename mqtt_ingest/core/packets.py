"""The values that travel through the core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from mqtt_ingest.core.descriptions import Description
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.mqtt_properties import NONE, PacketProperties

# As a value came: a `numeral` is a number in quotes, a `word` one of on, off, true, false in
# quotes. Both keep how they were written, for series of texts.
SampleKind = Literal["number", "boolean", "text", "numeral", "word"]
Status = Literal["", "online", "offline"]


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
    # What MQTT 5 says besides.
    properties: PacketProperties = NONE

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


# Defaults that are no lists stay with the class, which is why it has no slots: most messages
# have nothing but samples, and making one takes half the time.
@dataclass(init=False)
class DeviceMessage:
    """What one packet says about one device."""

    native_id: str
    samples: list[Sample]
    # Values that could not be stored, as (metric, what was wrong).
    bad: list[tuple[str, str]]
    status: Status = ""
    description: Description | None = None
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
    # Somebody else says it about the device, which may be silent.
    is_about: bool = False
    # Its device sends more than its rate allows.
    throttled: bool = False

    def __init__(
        self,
        native_id: str,
        samples: list[Sample] | None = None,
        *,
        status: Status = "",
        description: Description | None = None,
        stamped: bool = False,
        is_about: bool = False,
    ) -> None:
        """Take what is said; the rest is set where it is found."""
        self.native_id = native_id
        self.samples = [] if samples is None else samples
        self.bad = []
        if status:
            self.status = status
        if description is not None:
            self.description = description
        if stamped:
            self.stamped = True
        if is_about:
            self.is_about = True

    def no_value(self) -> Undecodable:
        """Return the error of a packet that says nothing but what is wrong with it."""
        name, problem = self.bad[0]
        return Undecodable("no_value", f"{name}: {problem}" if name else problem)

    @property
    def is_alive(self) -> bool:
        """Return whether the device itself was heard of, and not only something about it."""
        if self.status:
            return self.status == "online"
        return not self.is_about

    @property
    def odd(self) -> bool:
        """Return whether there is more to tell than samples."""
        return bool(self.bad or self.clock_replaced or self.expired or not self.samples)

    @property
    def empty(self) -> bool:
        """A packet without anything to store or to complain about."""
        said = self.samples or self.status or self.bad or self.expired
        return not (said or self.description)


# What an entry takes besides its payload, each of its samples, and each series it describes.
ENTRY_BYTES, SAMPLE_BYTES, SERIES_BYTES = 600, 120, 400


class Request(NamedTuple):
    """Something that a convention asks to be published, such as a rebirth."""

    topic: str
    payload: bytes
    # What is counted and limited together.
    purpose: str


@dataclass(slots=True)
class Entry:
    """A packet with what became of it: read, or refused with a reason.

    `messages` has what it says about each device, nothing where it says nothing about any;
    None of a packet that cannot be read.
    """

    packet: Packet
    source: str
    messages: Sequence[DeviceMessage] | None = None
    reason: str = ""
    detail: str = ""
    position: int | None = None
    # µs since 1970 UTC; 0 while it waits.
    committed_at: int = 0
    # A redelivery of a packet that was taken in before; only dead letters look at it.
    redelivered: bool = False
    # What the source's convention is to remember from here on: key -> value, None: nothing.
    remembered: Mapping[str, Any] | None = None
    requests: Sequence[Request] = ()
    # What a broker keeps without a time: no readings, but known last.
    known: Sequence[DeviceMessage] = ()
    # What `weigh` found, once it was asked.
    weight: int = 0

    @property
    def samples(self) -> int:
        """Return how many samples it has."""
        return sum([len(message.samples) for message in self.messages or ()])

    def weigh(self) -> int:
        """Return about how many bytes it takes, with what was made of its payload."""
        if self.weight:
            return self.weight
        found = len(self.packet.payload) + ENTRY_BYTES
        messages = self.messages or ()
        for message in (*messages, *self.known) if self.known else messages:
            found += SAMPLE_BYTES * (len(message.samples) + len(message.bad))
            for _metric, _ts, _kind, _value, text in message.samples:
                if text:
                    found += len(text)
            if message.description is not None:
                found += SERIES_BYTES * len(message.description.series)
        self.weight = found
        return found


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
        self.bytes += entry.weight or entry.weigh()
        for message in entry.messages or ():
            self.samples += len(message.samples)
