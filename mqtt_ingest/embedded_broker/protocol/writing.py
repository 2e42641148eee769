"""From what the server says to bytes, for clients of MQTT 3.1.1 (`V3`) and 5 (`V5`)."""

from collections.abc import Sequence

from mqtt_ingest.embedded_broker.protocol import fields, packets, properties
from mqtt_ingest.embedded_broker.protocol.packets import V5, Ack, Publish
from mqtt_ingest.embedded_broker.protocol.properties import Properties
from mqtt_ingest.embedded_broker.protocol.reason_codes import (
    SUBACK_3_FAILURE,
    ReasonCode,
    connack_3,
)

PINGRESP = bytes((packets.PINGRESP << 4, 0))
_EMPTY: Properties = {}


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + fields.variable(len(body)) + body


def connack(
    version: int, reason: ReasonCode, *, session_present: bool = False, told: Properties = _EMPTY
) -> bytes:
    """Return the answer to CONNECT; a refused client's session is never present."""
    present = bytes((session_present and reason is ReasonCode.SUCCESS,))
    if version != V5:
        return _packet(packets.CONNACK << 4, present + bytes((connack_3(reason),)))
    return _packet(packets.CONNACK << 4, present + bytes((reason,)) + properties.write(told))


def publish(version: int, message: Publish) -> bytes:
    """Return a PUBLISH."""
    first = packets.PUBLISH << 4 | message.dup << 3 | message.qos << 1 | message.retain
    parts = [fields.text(message.topic)]
    if message.qos:
        parts.append(fields.u16(message.packet_id))
    if version == V5:
        parts.append(properties.write(message.properties))
    parts.append(message.payload)
    return _packet(first, b"".join(parts))


def ack(version: int, given: Ack) -> bytes:
    """Return PUBACK, PUBREC, PUBREL or PUBCOMP; the reason only where it is none of success."""
    first = given.kind << 4 | (2 if given.kind == packets.PUBREL else 0)
    body = fields.u16(given.packet_id)
    if version == V5 and given.reason:
        body += bytes((given.reason,))
    return _packet(first, body)


def suback(version: int, packet_id: int, reasons: Sequence[int]) -> bytes:
    """Return the answer to SUBSCRIBE: the granted QoS, or a failure, of each filter."""
    if version != V5:
        codes = bytes(reason if reason < 0x80 else SUBACK_3_FAILURE for reason in reasons)
        return _packet(packets.SUBACK << 4, fields.u16(packet_id) + codes)
    return _packet(packets.SUBACK << 4, fields.u16(packet_id) + b"\0" + bytes(reasons))


def unsuback(version: int, packet_id: int, reasons: Sequence[int]) -> bytes:
    """Return the answer to UNSUBSCRIBE."""
    codes = b"\0" + bytes(reasons) if version == V5 else b""
    return _packet(packets.UNSUBACK << 4, fields.u16(packet_id) + codes)


def disconnect(reason: ReasonCode) -> bytes:
    """Return the server's last word, which only clients of MQTT 5 understand."""
    return _packet(packets.DISCONNECT << 4, bytes((reason, 0)))
