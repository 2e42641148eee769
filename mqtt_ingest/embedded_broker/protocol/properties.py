"""The properties of MQTT 5 (section 2.2.2): names, types, and where each may stand."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mqtt_ingest.embedded_broker.protocol import fields
from mqtt_ingest.embedded_broker.protocol.errors import (
    ProtocolError,
    against_protocol,
    malformed,
)
from mqtt_ingest.embedded_broker.protocol.fields import Fields
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode

# Of what may come several times in a packet.
MOST = 100

# By name; of what may come several times, a list.
Properties = dict[str, Any]


class _Property(NamedTuple):
    name: str
    read: Callable[[Fields], Any]
    write: Callable[[Any], bytes]
    # The packets that may have it; `will` is that of CONNECT.
    where: frozenset[str]
    # The least and the largest value.
    least: int = 0
    most: int | None = None
    is_list: bool = False


def _byte(value: int) -> bytes:
    return bytes((value,))


def _pair(given: Fields) -> tuple[str, str]:
    return given.text(), given.text()


def _written_pair(value: tuple[str, str]) -> bytes:
    return fields.text(value[0]) + fields.text(value[1])


_BYTE = (Fields.byte, _byte)
_U16 = (Fields.u16, fields.u16)
_U32 = (Fields.u32, fields.u32)
_VARIABLE = (Fields.variable, fields.variable)
_TEXT = (Fields.text, fields.text)
_BINARY = (Fields.binary, fields.binary)
_PAIR = (_pair, _written_pair)
_ACKS = "puback pubrec pubrel pubcomp suback unsuback"
_USER = f"connect connack publish will subscribe unsubscribe disconnect auth {_ACKS}"


def _of(name: str, kind: tuple[Any, Any], where: str, **more: Any) -> _Property:
    return _Property(name, *kind, frozenset(where.split()), **more)


_BY_ID = {
    1: _of("payload_format", _BYTE, "publish will", most=1),
    2: _of("message_expiry", _U32, "publish will"),
    3: _of("content_type", _TEXT, "publish will"),
    8: _of("response_topic", _TEXT, "publish will"),
    9: _of("correlation_data", _BINARY, "publish will"),
    11: _of("subscription_id", _VARIABLE, "publish subscribe", least=1, is_list=True),
    17: _of("session_expiry", _U32, "connect connack disconnect"),
    18: _of("assigned_client_id", _TEXT, "connack"),
    19: _of("server_keep_alive", _U16, "connack"),
    21: _of("authentication_method", _TEXT, "connect connack auth"),
    22: _of("authentication_data", _BINARY, "connect connack auth"),
    23: _of("request_problem", _BYTE, "connect", most=1),
    24: _of("will_delay", _U32, "will"),
    25: _of("request_response", _BYTE, "connect", most=1),
    26: _of("response_information", _TEXT, "connack"),
    28: _of("server_reference", _TEXT, "connack disconnect"),
    31: _of("reason", _TEXT, f"connack disconnect auth {_ACKS}"),
    33: _of("receive_maximum", _U16, "connect connack", least=1),
    34: _of("topic_alias_maximum", _U16, "connect connack"),
    35: _of("topic_alias", _U16, "publish", least=1),
    36: _of("maximum_qos", _BYTE, "connack", most=1),
    37: _of("retain_available", _BYTE, "connack", most=1),
    38: _of("user", _PAIR, _USER, is_list=True),
    39: _of("maximum_packet_size", _U32, "connect connack", least=1),
    40: _of("wildcards_available", _BYTE, "connack", most=1),
    41: _of("subscription_ids_available", _BYTE, "connack", most=1),
    42: _of("shared_available", _BYTE, "connack", most=1),
}
_BY_NAME = {one.name: (number, one) for number, one in _BY_ID.items()}


def read(given: Fields, where: str) -> Properties:
    """Return the properties that come next in a packet of kind `where`.

    Raises:
        ProtocolError: one is unknown, does not belong there, comes twice, or has a value that
            it may not have.
    """
    part = given.part(given.variable())
    found: Properties = {}
    while part.left:
        one = _BY_ID.get(part.variable())
        if one is None or where not in one.where:
            raise malformed(f"a property that {where.upper()} does not have")
        value = one.read(part)
        if isinstance(value, int) and (
            value < one.least or (one.most is not None and value > one.most)
        ):
            raise against_protocol(f"the property {one.name} is out of range")
        if one.is_list:
            items = found.setdefault(one.name, [])
            items.append(value)
            if len(items) > MOST:
                raise ProtocolError(ReasonCode.QUOTA_EXCEEDED, f"{one.name} comes {MOST} times")
        elif one.name in found:
            raise against_protocol(f"the property {one.name} comes twice")
        else:
            found[one.name] = value
    return found


def write(given: Mapping[str, Any]) -> bytes:
    """Return `given` as bytes, with their length before them."""
    parts: list[bytes] = []
    for name, value in given.items():
        number, one = _BY_NAME[name]
        items = value if one.is_list else [value]
        parts += [bytes((number,)) + one.write(item) for item in items]
    written = b"".join(parts)
    return fields.variable(len(written)) + written
