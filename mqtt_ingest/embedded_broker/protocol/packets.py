"""MQTT control packets as values; `reading` and `writing` turn bytes into them and back."""

from dataclasses import dataclass, field
from typing import NamedTuple

from mqtt_ingest.embedded_broker.protocol.properties import Properties
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode

# Control packet types (MQTT 3.1.1, section 2.2.1).
CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
# Protocol levels.
V3, V5 = 4, 5


@dataclass(frozen=True, slots=True)
class Will:
    """What is published for a client that goes without a word."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connect:
    """The first packet of a client."""

    version: int
    client_id: str
    clean_start: bool
    # Seconds; 0: none.
    keep_alive: int
    username: str | None = None
    # As it came: what it is, the access function decides.
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publish:
    """A message on its way, in either direction."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""

    kind: int
    packet_id: int
    reason: int = ReasonCode.SUCCESS


class Wanted(NamedTuple):
    """A topic filter with its options (MQTT 5.0, section 3.8.3.1)."""

    filter: str
    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    # 0: retained messages are sent, 1: if the subscription is new, 2: they are not.
    retain_handling: int = 0


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a client wants to receive."""

    packet_id: int
    wanted: tuple[Wanted, ...]
    # Told with each message that comes by it; 0: none.
    identifier: int = 0


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """What a client does not want to receive any more."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """PINGREQ."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The last packet, of either side."""

    reason: int = ReasonCode.SUCCESS
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Auth:
    """The exchange of further credentials, which this broker does not offer."""


Incoming = Connect | Publish | Ack | Subscribe | Unsubscribe | Ping | Disconnect | Auth
