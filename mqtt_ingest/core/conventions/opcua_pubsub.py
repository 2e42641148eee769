"""OPC UA PubSub in JSON, as OPC Publisher and others send it: OPC 10000-14, section 7.2.5."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from mqtt_ingest.core.conventions.by_payload import ByPayload
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.reading import MAX_PATH, parse, records
from mqtt_ingest.core.records import ABSENT, Record, take

_NOT_DATA = frozenset({"ua-keepalive", "ua-event", "ua-metadata", "ua-status"})


def is_network_message(value: object) -> bool:
    """Return whether `value` is a network message, of data or metadata."""
    return isinstance(value, dict) and str(value.get("MessageType", "")).startswith("ua-")


class OpcUaPubSub(ByPayload):
    """Fields of data sets, by publisher and writer."""

    name: ClassVar[str] = "opcua_pubsub"
    label: ClassVar[str] = "OPC UA PubSub"
    usual: ClassVar[tuple[str, ...]] = ("opcpublisher/#",)

    @staticmethod
    def is_own(packet: Packet) -> bool:
        """Return whether the payload is of this kind."""
        value = orjson.loads(packet.payload)
        return all(
            is_network_message(one) for one in (value if isinstance(value, list) else [value])
        )

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
            publisher = str(one.get("PublisherId", packet.topic))
            if len(publisher) + len(str(writer)) > MAX_PATH:
                raise Undecodable("key_too_long", "a publisher's name that is longer than any")
            device = f"{publisher}/{writer}"
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
        made += [one._replace(given=given) for one in records(value, name, limits)]
    return made


def _is_good(status: object) -> bool:
    """Return whether a status code is good: none, 0, or one whose two highest bits are 0."""
    code = status.get("Code", 0) if isinstance(status, dict) else status
    return not (isinstance(code, int) and code >> 30 & 3)
