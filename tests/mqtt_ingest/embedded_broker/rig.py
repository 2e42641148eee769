"""A server without sockets, and clients that write and read bytes.

The clients' side of the protocol is written down here once more, so that a mistake of the
server's own code is not made by both.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mqtt_ingest.embedded_broker.access import PasswordAccess
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.packets import Publish
from mqtt_ingest.embedded_broker.protocol.rim import Access, Peer
from mqtt_ingest.embedded_broker.protocol.server import Server

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)


def length(value: int) -> bytes:
    found = b""
    while True:
        value, digit = divmod(value, 128)
        found += bytes([digit | (128 if value else 0)])
        if not value:
            return found


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def packet(first: int, body: bytes = b"") -> bytes:
    return bytes([first]) + length(len(body)) + body


def told(properties: bytes) -> bytes:
    return length(len(properties)) + properties


def u32(number: int, value: int) -> bytes:
    """Return a property of four bytes."""
    return bytes([number]) + struct.pack(">I", value)


def u16(number: int, value: int) -> bytes:
    return bytes([number]) + struct.pack(">H", value)


def connect(
    client_id: str = "c",
    *,
    version: int = 4,
    clean: bool = True,
    keep_alive: int = 60,
    password: bytes | None = None,
    username: str | None = None,
    will: tuple[str, bytes, int, bool] | None = None,
    properties: bytes = b"",
    will_properties: bytes = b"",
    name: str = "MQTT",
    flags: int | None = None,
) -> bytes:
    given = 2 * clean
    tail = b""
    if will is not None:
        topic, payload, qos, retain = will
        given |= 4 | qos << 3 | retain << 5
        tail += told(will_properties) if version == 5 else b""
        tail += text(topic) + text(payload)
    if username is not None:
        given |= 128
        tail += text(username)
    if password is not None:
        given |= 64
        tail += text(password)
    head = text(name) + bytes([version, given if flags is None else flags])
    head += struct.pack(">H", keep_alive) + (told(properties) if version == 5 else b"")
    return packet(CONNECT << 4, head + text(client_id) + tail)


def publish(
    topic: str,
    payload: bytes = b"",
    qos: int = 0,
    packet_id: int = 1,
    *,
    retain: bool = False,
    dup: bool = False,
    version: int = 4,
    properties: bytes = b"",
) -> bytes:
    body = text(topic) + (struct.pack(">H", packet_id) if qos else b"")
    body += told(properties) if version == 5 else b""
    return packet(PUBLISH << 4 | dup << 3 | qos << 1 | retain, body + payload)


def ack(kind: int, packet_id: int, reason: int | None = None) -> bytes:
    body = struct.pack(">H", packet_id) + (b"" if reason is None else bytes([reason]))
    return packet(kind << 4 | (2 if kind == PUBREL else 0), body)


def subscribe(
    *filters: tuple[str, int], packet_id: int = 1, version: int = 4, properties: bytes = b""
) -> bytes:
    body = struct.pack(">H", packet_id) + (told(properties) if version == 5 else b"")
    return packet(0x82, body + b"".join(text(name) + bytes([options]) for name, options in filters))


def unsubscribe(*filters: str, packet_id: int = 1, version: int = 4) -> bytes:
    body = struct.pack(">H", packet_id) + (b"\0" if version == 5 else b"")
    return packet(0xA2, body + b"".join(map(text, filters)))


PING, GOODBYE = packet(PINGREQ << 4), packet(DISCONNECT << 4)


@dataclass(frozen=True)
class Got:
    """A packet from the server."""

    kind: int
    first: int
    body: bytes
    version: int

    @property
    def qos(self) -> int:
        return self.first >> 1 & 3

    @property
    def retain(self) -> bool:
        return bool(self.first & 1)

    @property
    def dup(self) -> bool:
        return bool(self.first & 8)

    @property
    def topic(self) -> str:
        return self.body[2 : self._topic_end].decode()

    @property
    def _topic_end(self) -> int:
        return 2 + int.from_bytes(self.body[:2], "big")

    @property
    def packet_id(self) -> int:
        at = self._topic_end if self.kind == PUBLISH else 0
        return int.from_bytes(self.body[at : at + 2], "big")

    @property
    def _rest(self) -> bytes:
        return self.body[self._topic_end + (2 if self.qos else 0) :]

    @property
    def properties(self) -> bytes:
        rest = self._rest if self.kind == PUBLISH else self.body[2:]
        assert rest[0] < 128
        return rest[1 : 1 + rest[0]]

    @property
    def payload(self) -> bytes:
        return self._rest if self.version == 4 else self._rest[1 + self._rest[0] :]

    @property
    def codes(self) -> list[int]:
        """The reasons of SUBACK and UNSUBACK."""
        return list(self.body[2 + (self.version == 5) :])


class Intake:
    """Stores at once, unless it is told to `wait`."""

    def __init__(self) -> None:
        self.is_full = self.waits = False
        self.taken: list[Publish] = []
        self.waiting: list[Callable[[], None]] = []

    def take(self, publish: Publish, client_id: str, committed: Callable[[], None]) -> None:
        self.taken.append(publish)
        if self.waits:
            self.waiting.append(committed)
        else:
            committed()

    def commit(self, count: int | None = None) -> None:
        ready, self.waiting = self.waiting[:count], self.waiting[len(self.waiting[:count]) :]
        for committed in ready:
            committed()


@dataclass
class Rig:
    """A server with a clock that is turned by hand."""

    limits: Limits = field(default_factory=Limits)
    access: Access = field(default_factory=lambda: PasswordAccess("right"))
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.intake = Intake()
        self.logged: list[tuple[str, str]] = []
        self.server = self.make_server()
        self.clients: list[Client] = []

    def make_server(self) -> Server:
        return Server(
            self.limits, self.access, self.intake, lambda: self.now,
            lambda kind, words: self.logged.append((kind, words)),
        )  # fmt: skip

    def client(self, client_id: str = "c", **options: Any) -> "Client":
        """Return a client that is connected."""
        made = self.stranger(version=options.get("version", 4))
        made.send(connect(client_id, **options))
        return made

    def stranger(self, *, version: int = 4, local: bool = True) -> "Client":
        """Return one that has not said anything."""
        made = Client(self, version, local=local)
        self.clients.append(made)
        return made

    def pass_time(self, seconds: float) -> None:
        """Let time pass, in steps of a second as the server's own clock has them."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 1.0)
            for client in self.clients:
                client.connection.tick()
            self.server.tick()


class Client:
    """The other end of a connection."""

    def __init__(self, rig: Rig, version: int, *, local: bool) -> None:
        self.version = version
        self.connection = Connection(rig.server, Peer("192.0.2.7", is_local=local))

    @property
    def is_closed(self) -> bool:
        return self.connection.state == "closed"

    def send(self, *data: bytes) -> None:
        self.connection.receive(b"".join(data))
        self.turns()

    def turns(self) -> None:
        while self.connection.has_more:
            self.connection.turn()

    def got(self) -> list[Got]:
        """Return what has come since the last call."""
        self.turns()
        data, found = bytes(self.connection.out), []
        self.connection.out.clear()
        self.connection.written()
        while data:
            size = shift = 0
            at = 1
            while True:
                size |= (data[at] & 127) << shift
                shift += 7
                at += 1
                if data[at - 1] < 128:
                    break
            found.append(Got(data[0] >> 4, data[0], data[at : at + size], self.version))
            assert len(found[-1].body) == size, "a packet is cut off"
            data = data[at + size :]
        return found

    def kinds(self) -> list[int]:
        return [one.kind for one in self.got()]

    def only(self) -> Got:
        (one,) = self.got()
        return one

    def messages(self) -> list[tuple[str, bytes]]:
        return [(one.topic, one.payload) for one in self.got() if one.kind == PUBLISH]
