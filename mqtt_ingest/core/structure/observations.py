"""A bounded sample of what comes by a broker, by topic."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from mqtt_ingest.core.lenient_json import number
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import is_one_value

MAX_TOPICS, PER_TOPIC, MAX_BYTES = 20_000, 5, 64_000_000
Kind = Literal["object", "list", "scalar", "empty", "binary"]


@dataclass(slots=True)
class Observed:
    """A topic with the first packets and the last that came by it."""

    topic: str
    packets: list[Packet] = field(default_factory=list)
    number: int = 0

    @property
    def levels(self) -> list[str]:
        """Return the levels of the topic."""
        return self.topic.split("/")

    @property
    def values(self) -> list[Any]:
        """Return the payloads as JSON, or as texts; those that are neither are left out."""
        return [value for value in map(value_of, self.packets) if value is not None]

    @property
    def kind(self) -> Kind:
        """Return what its payloads are, going by the first that is not empty."""
        for packet in self.packets:
            if packet.payload:
                value = value_of(packet)
                if value is None:
                    return "binary"
                if isinstance(value, dict):
                    return "scalar" if is_one_value(value) else "object"
                is_rows = isinstance(value, list) and any(isinstance(x, dict) for x in value)
                return "list" if is_rows else "scalar"
        return "empty"


def value_of(packet: Packet) -> Any:
    """Return a payload as JSON has it, else as text; None: it is neither."""
    try:
        return orjson.loads(packet.payload)
    except orjson.JSONDecodeError:
        pass
    try:
        text = packet.payload.decode().strip()
    except UnicodeDecodeError:
        return None
    if any(ord(one) < 32 and one not in "\t\r\n\x1b" for one in text):
        return None
    bare = number(text)
    return text if bare is None else bare


class Sample:
    """Topics with some packets of each; what is beyond its bounds is counted."""

    def __init__(self) -> None:
        self._topics: OrderedDict[str, Observed] = OrderedDict()
        self._bytes = 0
        self.packets = 0
        # Topics that are not looked at, as there are too many.
        self.left_out = 0

    def add(self, packet: Packet) -> None:
        """Take `packet` into the sample, as far as there is room."""
        self.packets += 1
        observed = self._topics.get(packet.topic)
        if observed is None:
            if len(self._topics) >= MAX_TOPICS or self._bytes >= MAX_BYTES:
                self.left_out += 1
                return
            observed = self._topics[packet.topic] = Observed(packet.topic)
        observed.number += 1
        if len(observed.packets) >= PER_TOPIC:
            self._bytes -= len(observed.packets[-1].payload)
            observed.packets.pop()
        observed.packets.append(packet)
        self._bytes += len(packet.payload)

    def __iter__(self) -> Iterator[Observed]:
        """Yield what was observed, topic by topic."""
        return iter(self._topics.values())

    def __len__(self) -> int:
        """Return how many topics there are."""
        return len(self._topics)
