"""OPC UA PubSub in JSON, as OPC Publisher and others send it: OPC 10000-14, section 7.2.5."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from pydantic import Field

from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.recognising import (
    Evidence,
    Observation,
    filters_of,
    topics_with,
)
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.reading import parse, records
from mqtt_ingest.core.records import ABSENT, Record, take

_NOT_DATA = frozenset({"ua-keepalive", "ua-event", "ua-metadata", "ua-status"})


class OpcUaOptions(Options):
    """Where network messages are."""

    filters: tuple[str, ...] = Field(default=(), description="Topics that carry messages.")


def is_network_message(value: object) -> bool:
    """Return whether `value` is a network message, of data or metadata."""
    return isinstance(value, dict) and str(value.get("MessageType", "")).startswith("ua-")


def _is_own(packet: Packet) -> bool:
    value = orjson.loads(packet.payload)
    return all(is_network_message(one) for one in (value if isinstance(value, list) else [value]))


class OpcUaPubSub(Convention):
    """Fields of data sets, by publisher and writer."""

    name: ClassVar[str] = "opcua_pubsub"
    label: ClassVar[str] = "OPC UA PubSub"
    Options: ClassVar[type[Options]] = OpcUaOptions

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source."""
        super().__init__(options, state)
        self.shared_filters = self.options.filters or ("opcpublisher/#",)

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Return the topics whose payloads are of this kind."""
        topics = topics_with(observed, _is_own)
        if not topics:
            return None
        return {"filters": filters_of(topics)}, [f"payloads on {topic}" for topic in topics[:3]]

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what a network message says; None where the payload is none."""
        if not packet.payload.lstrip().startswith((b"{", b"[")):
            return None
        value = parse(packet, limits)
        items: list[Any] = value if isinstance(value, list) else [value]
        if not items or not all(is_network_message(one) for one in items):
            return None
        messages: dict[str, DeviceMessage] = {}
        for one in items:
            if one["MessageType"] == "ua-data":
                self._network(messages, packet, one, limits)
        return list(messages.values())

    def _network(
        self,
        messages: dict[str, DeviceMessage],
        packet: Packet,
        one: Mapping[str, Any],
        limits: Limits,
    ) -> None:
        sets = one.get("Messages")
        for told in sets if isinstance(sets, list) else [sets]:
            if not isinstance(told, dict) or str(told.get("MessageType")) in _NOT_DATA:
                continue
            payload = told.get("Payload")
            writer = told.get("DataSetWriterName") or told.get("DataSetWriterId") or "0"
            device = f"{one.get('PublisherId', packet.topic)}/{writer}"
            message = messages.setdefault(device, DeviceMessage(device))
            for record in _records(payload, told.get("Timestamp"), limits):
                take(message, packet, 0, record, limits)


def _records(payload: object, sent: object, limits: Limits) -> Sequence[Record]:
    made = []
    for name, told in payload.items() if isinstance(payload, dict) else ():
        value, given = told, sent
        if isinstance(told, dict):
            if not _is_good(told.get("StatusCode")):
                continue
            given = told.get("SourceTimestamp", told.get("ServerTimestamp", sent))
            value = told.get("Value", told.get("Body"))
        if isinstance(value, dict) and "Body" in value:
            value = value["Body"]
        given = ABSENT if given is None else given
        made += [one._replace(given=given) for one in records(value, str(name), limits)]
    return made


def _is_good(status: object) -> bool:
    """Return whether a status code is good: none, 0, or one whose two highest bits are 0."""
    code = status.get("Code", 0) if isinstance(status, dict) else status
    return not (isinstance(code, int) and code >> 30 & 3)
