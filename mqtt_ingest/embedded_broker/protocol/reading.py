"""From a packet's bytes to what it says: strict, as far as a server receives it.

Numbers in brackets are the normative statements of MQTT 5.0; most are those of 3.1.1, too.
"""

from collections.abc import Callable, Sized

from mqtt_ingest.embedded_broker.protocol import packets, properties
from mqtt_ingest.embedded_broker.protocol.errors import (
    ProtocolError,
    against_protocol,
    malformed,
)
from mqtt_ingest.embedded_broker.protocol.fields import Fields
from mqtt_ingest.embedded_broker.protocol.packets import (
    V3,
    V5,
    Ack,
    Auth,
    Connect,
    Disconnect,
    Incoming,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    Wanted,
    Will,
)
from mqtt_ingest.embedded_broker.protocol.properties import Properties
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode

# In one SUBSCRIBE or UNSUBSCRIBE; each costs some µs.
MOST_FILTERS = 1_000
# The flags in the first byte of packets that have no choice [MQTT-2.1.3-1].
_FLAGS = {packets.PUBREL: 2, packets.SUBSCRIBE: 2, packets.UNSUBSCRIBE: 2}
_ACK_NAMES = {
    **{packets.PUBACK: "puback", packets.PUBREC: "pubrec"},
    **{packets.PUBREL: "pubrel", packets.PUBCOMP: "pubcomp"},
}


def read(first: int, body: bytes, version: int) -> Incoming:
    """Return the packet of first byte `first` and `body`, as a client of `version` means it.

    Raises:
        ProtocolError: it cannot be parsed, or is none that a client sends.
    """
    kind = first >> 4
    given = Fields(body)
    if kind == packets.PUBLISH:
        return _publish(first, given, version)
    reader = _READERS.get(kind)
    if reader is None or (kind == packets.AUTH and version != V5):
        raise against_protocol("a packet that clients do not send")
    if first & 15 != _FLAGS.get(kind, 0):
        raise malformed("a packet with wrong flags")
    found = reader(kind, given, version)
    given.end()
    return found


def _connect(_kind: int, given: Fields, _version: int) -> Connect:
    if given.text() != "MQTT":
        raise ProtocolError(ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, "a protocol that is not MQTT")
    version = given.byte()
    if version not in {V3, V5}:
        raise ProtocolError(
            ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, f"version {version} of MQTT; 4 and 5 are known"
        )
    flags = given.byte()
    if flags & 1:
        raise malformed("CONNECT with a reserved flag")  # [MQTT-3.1.2-3]
    keep_alive = given.u16()
    told = properties.read(given, "connect") if version == V5 else {}
    client_id = given.text()
    will = _will(flags, given, version)
    username = given.text() if flags & 128 else None
    if flags & 64 and not flags & 128 and version == V3:
        raise malformed("CONNECT with a password but without a user")  # 3.1.1 [MQTT-3.1.2-22]
    password = given.binary() if flags & 64 else None
    return Connect(
        version, client_id, bool(flags & 2), keep_alive, username, password, will, told
    )  # fmt: skip


def _will(flags: int, given: Fields, version: int) -> Will | None:
    qos = flags >> 3 & 3
    if not flags & 4:
        if qos or flags & 32:
            raise malformed("CONNECT with options of a will, but without one")  # [MQTT-3.1.2-11]
        return None
    if qos == 3:
        raise malformed("a will of QoS 3")  # [MQTT-3.1.2-12]
    told = properties.read(given, "will") if version == V5 else {}
    topic = given.text()
    return Will(topic, given.binary(), qos, bool(flags & 32), told)


def _publish(first: int, given: Fields, version: int) -> Publish:
    qos, dup = first >> 1 & 3, bool(first & 8)
    if qos == 3:
        raise malformed("a PUBLISH of QoS 3")  # [MQTT-3.3.1-4]
    if dup and not qos:
        raise malformed("a PUBLISH of QoS 0 that is sent again")  # [MQTT-3.3.1-2]
    topic = given.text()
    packet_id = _packet_id(given) if qos else 0
    told = properties.read(given, "publish") if version == V5 else {}
    if "subscription_id" in told:
        raise against_protocol("a client's PUBLISH with a subscription id")  # [MQTT-3.3.4-6]
    return Publish(topic, given.rest(), qos, bool(first & 1), dup, packet_id, told)


def _packet_id(given: Fields) -> int:
    found = given.u16()
    if not found:
        raise malformed("a packet id of 0")  # [MQTT-2.2.1-3]
    return found


def _ack(kind: int, given: Fields, version: int) -> Ack:
    packet_id, reason = _packet_id(given), int(ReasonCode.SUCCESS)
    if version == V5 and given.left:
        reason = given.byte()
        if given.left:
            properties.read(given, _ACK_NAMES[kind])
    return Ack(kind, packet_id, reason)


def _subscribe(_kind: int, given: Fields, version: int) -> Subscribe:
    packet_id = _packet_id(given)
    told: Properties = properties.read(given, "subscribe") if version == V5 else {}
    identifiers = told.get("subscription_id", [0])
    if len(identifiers) > 1:
        raise against_protocol("a SUBSCRIBE with several subscription ids")
    wanted: list[Wanted] = []
    while given.left:
        wanted.append(_wanted(given, version))
        _count(wanted)
    if not wanted:
        raise against_protocol("a SUBSCRIBE without a filter")  # [MQTT-3.8.3-2]
    return Subscribe(packet_id, tuple(wanted), identifiers[0])


def _count(filters: Sized) -> None:
    if len(filters) > MOST_FILTERS:
        raise ProtocolError(ReasonCode.QUOTA_EXCEEDED, f"more than {MOST_FILTERS} filters at once")


def _wanted(given: Fields, version: int) -> Wanted:
    name, options = given.text(), given.byte()
    qos, handling = options & 3, options >> 4 & 3
    if qos == 3 or handling == 3 or options & (0xC0 if version == V5 else 0xFC):
        raise malformed("a SUBSCRIBE with options that are not known")  # [MQTT-3.8.3-5]
    no_local = bool(options & 4)
    if no_local and name.startswith("$share/"):
        raise against_protocol("a shared subscription without its own")  # [MQTT-3.8.3-4]
    return Wanted(name, qos, no_local, bool(options & 8), handling)


def _unsubscribe(_kind: int, given: Fields, version: int) -> Unsubscribe:
    packet_id = _packet_id(given)
    if version == V5:
        properties.read(given, "unsubscribe")
    filters: list[str] = []
    while given.left:
        filters.append(given.text())
        _count(filters)
    if not filters:
        raise against_protocol("an UNSUBSCRIBE without a filter")  # [MQTT-3.10.3-2]
    return Unsubscribe(packet_id, tuple(filters))


def _ping(_kind: int, _given: Fields, _version: int) -> Ping:
    return Ping()


def _disconnect(_kind: int, given: Fields, version: int) -> Disconnect:
    if version != V5 or not given.left:
        return Disconnect()
    reason = given.byte()
    return Disconnect(reason, properties.read(given, "disconnect") if given.left else {})


def _auth(_kind: int, given: Fields, _version: int) -> Auth:
    given.rest()
    return Auth()


_READERS: dict[int, Callable[[int, Fields, int], Incoming]] = {
    packets.CONNECT: _connect,
    **dict.fromkeys(_ACK_NAMES, _ack),
    packets.SUBSCRIBE: _subscribe,
    packets.UNSUBSCRIBE: _unsubscribe,
    packets.PINGREQ: _ping,
    packets.DISCONNECT: _disconnect,
    packets.AUTH: _auth,
}
