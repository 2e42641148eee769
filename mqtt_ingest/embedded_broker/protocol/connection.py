"""One connection: bytes in, bytes out, without a socket.

| state | what holds | leaves it by |
|---|---|---|
| waiting | nothing is known of the client; a few seconds, a few bytes | a good CONNECT: checking |
| checking | somebody decides who it is; nothing further is read | the answer: connected or closed |
| connected | it has a session, alone | DISCONNECT, silence, an error, a takeover, the end |
| closed | what is in `out` is sent, then the socket is closed | |

Nothing of a session is touched before it is known who asks for it.

Acknowledgements go out in the order in which messages came [MQTT-4.6.0-2], [MQTT-4.6.0-3],
each once what it acknowledges is committed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from mqtt_ingest.embedded_broker.protocol import packets, writing
from mqtt_ingest.embedded_broker.protocol.errors import (
    ProtocolError,
    against_protocol,
    malformed,
)
from mqtt_ingest.embedded_broker.protocol.framing import Frames
from mqtt_ingest.embedded_broker.protocol.outbox import Outbox
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
    Will,
)
from mqtt_ingest.embedded_broker.protocol.reading import read
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.rim import Credentials, Identity, Peer
from mqtt_ingest.embedded_broker.protocol.server import Server, connack_properties
from mqtt_ingest.embedded_broker.protocol.session import Session
from mqtt_ingest.embedded_broker.protocol.topics import is_topic, parse_filter

# A client is silent for too long after so many times its keep-alive [MQTT-3.1.2-22].
KEEP_ALIVE_FACTOR = 1.5
_NOBODY = Identity("")


@dataclass(slots=True, eq=False)
class _Received:
    """A PUBLISH that is not acknowledged yet."""

    answer: Ack
    is_committed: bool = False


class Connection:
    """The protocol of one client."""

    def __init__(self, server: Server, peer: Peer) -> None:
        self.state = "waiting"
        self.peer = peer
        self.out = bytearray()
        # Why it ended, for people.
        self.why = ""
        self.version = V3
        self.session: Session | None = None
        self.identity = _NOBODY
        # How many bytes a socket still has to send besides `out`.
        self.unsent: Callable[[], int] = lambda: 0
        # Packets are there that have not had their turn.
        self.has_more = False
        self.is_held = self._is_ours = False
        self._server = server
        self._frames = Frames(server.limits.connect_bytes)
        self._will: Will | None = None
        self._outbox: Outbox | None = None
        self._connect: Connect | None = None
        self._received: deque[_Received] = deque()
        # Those of QoS 2, by packet id.
        self._awaited: dict[int, _Received] = {}
        self._aliases: dict[int, str] = {}
        self._heard = server.clock()
        # Seconds of silence until it ends; 0: never.
        self._patience = server.limits.connect_seconds

    # --- what comes from the socket -----------------------------------------
    def receive(self, data: bytes) -> None:
        """Take in what was received; it is handled in the connection's next `turn`."""
        if self.state == "closed":
            return
        if self.state == "connected":
            self._heard = self._server.clock()
        self._frames.add(data)
        self.has_more = True

    def go_on(self) -> None:
        """Handle what was received, for a slice of packets; `has_more` tells of the rest."""
        self.has_more = False
        server = self._server
        until = server.clock() + server.limits.slice_seconds
        try:
            for _packet in range(server.limits.slice_packets):
                if self.state in {"checking", "closed"} or self._must_wait():
                    return
                frame = self._frames.take()
                if frame is None:
                    return
                self._handle(*frame)
                if server.has_much or server.clock() > until:
                    break
            self.has_more = bool(len(self._frames))
        except ProtocolError as error:
            self._fail(error)

    def _must_wait(self) -> bool:
        """Return whether it is not the time to read another packet."""
        # It is we who do not listen, or the client that does not.
        self._is_ours = len(self._received) >= self._server.limits.receive_maximum or (
            self._frames.kind == packets.PUBLISH and self._server.intake.is_full
        )
        self.is_held = bool(len(self._frames)) and (self._is_ours or self.is_congested)
        if self.is_held:
            self._server.hold(self)
        return self.is_held

    @property
    def is_congested(self) -> bool:
        """Return whether the client does not take what it is sent."""
        return len(self.out) + self.unsent() > self._server.limits.unsent_bytes

    def tick(self) -> None:
        """End the connection where the client is silent for too long; about once a second."""
        if self.is_held and self._is_ours:
            self._heard = self._server.clock()
        silent = self._server.clock() - self._heard
        if self.state == "closed" or not self._patience or silent <= self._patience:
            return
        if self.state == "connected":
            self.end(ReasonCode.KEEP_ALIVE_TIMEOUT, "nothing came within 1.5 times its keep-alive")
        else:
            self._close(f"no CONNECT within {self._patience:g} s")

    def lost(self) -> None:
        """Note that the socket is gone."""
        self._close("the connection was lost")

    # --- the end ------------------------------------------------------------
    def _fail(self, error: ProtocolError) -> None:
        name = self.session.client_id if self.session is not None else ""
        if self._connect is not None:
            name = name or self._connect.client_id
        told = f"{name!r} from {self.peer.address}: {error.detail}"
        if self.state == "connected":
            self._server.log("ended", f"ended the connection of {told}")
            self.end(error.reason, error.detail)
            return
        self._server.log("refused", f"refused {told}")
        # MQTT 3.1.1 has no word for the others: it is closed without one [MQTT-3.1.4-1].
        is_told = error.reason in {
            ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
            ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
            ReasonCode.BAD_USER_NAME_OR_PASSWORD,
            ReasonCode.NOT_AUTHORIZED,
            ReasonCode.QUOTA_EXCEEDED,
            ReasonCode.SERVER_BUSY,
        }
        if is_told or (self._connect is not None and self.version == V5):
            self.send(writing.connack(self.version, error.reason))
        self._server.counters.refused += 1
        self._close(error.detail)

    def end(self, reason: ReasonCode, detail: str = "") -> None:
        """End a connection from this side, which leaves the will [MQTT-3.1.2-8]."""
        if self.version == V5 and self.state == "connected":
            self.send(writing.disconnect(reason))
        self._close(detail or reason.name.lower().replace("_", " "))

    def _close(self, why: str, *, leaves_will: bool = True) -> None:
        if self.state == "closed":
            return
        session, self.state, self.why = self.session, "closed", why
        self.is_held = self.has_more = False
        self._frames.clear()
        self._received.clear()
        self._awaited.clear()
        self._server.forget(self)
        self._server.flushes(self)
        if session is not None and session.connection is self:
            self._server.leave(session, self._will if leaves_will else None)

    # --- what goes to the socket --------------------------------------------
    def send(self, data: bytes) -> None:
        """Send whole packets."""
        self.out += data
        server = self._server
        server.flushes(self)
        server.has_much |= len(self.out) * 2 > server.limits.unsent_bytes

    def turn(self) -> None:
        """Go on with what waits, in either direction: there is time, or room."""
        self.go_on()
        self.send_waiting()
        if self.has_more:
            self._server.flushes(self)

    def written(self) -> None:
        """Note that the socket has taken what was in `out`: what waited for that has its turn."""
        if self.is_held or (self._outbox is not None and self._outbox.waits):
            self.has_more = self.state == "connected"

    def send_waiting(self) -> None:
        """Send deliveries that wait, as far as the client takes them."""
        if self._outbox is not None and self.state == "connected" and self._outbox.send(self):
            self.has_more = True
            self._server.flushes(self)

    def send_ack(self, answer: Ack) -> None:
        """Send PUBACK, PUBREC, PUBREL or PUBCOMP."""
        self.send(writing.ack(self.version, answer))

    # --- packets ------------------------------------------------------------
    def _handle(self, first: int, body: bytes) -> None:
        if self.state == "waiting" and first >> 4 != packets.CONNECT:
            raise malformed("the first packet is not CONNECT")  # [MQTT-3.1.0-1]
        packet = read(first, body, self.version)
        if isinstance(packet, Publish):
            self._publish(packet)
        else:
            self._others(packet)

    def _others(self, packet: Incoming) -> None:
        match packet:
            case Ack():
                self._acknowledged(packet)
            case Ping():
                self.send(writing.PINGRESP)
            case Subscribe():
                self._subscribe(packet)
            case Unsubscribe():
                self._unsubscribe(packet)
            case Connect():
                self._introduce(packet)
            case Disconnect():
                self._leave(packet)
            case Auth():
                raise against_protocol("AUTH where no method was agreed on")

    # --- CONNECT ------------------------------------------------------------
    def _introduce(self, request: Connect) -> None:
        if self.state != "waiting":
            raise against_protocol("a second CONNECT")  # [MQTT-3.1.0-2]
        self.version, self._connect = request.version, request
        self._check(request)
        self.state = "checking"
        shown = Credentials(self.peer, request.client_id, request.username, request.password)
        self._server.access.authenticate(shown, self._known)

    def _check(self, request: Connect) -> None:
        limits = self._server.limits
        if "authentication_method" in request.properties:
            raise ProtocolError(
                ReasonCode.BAD_AUTHENTICATION_METHOD, "further authentication is not offered"
            )
        if len(request.client_id.encode()) > limits.client_id_bytes:
            raise ProtocolError(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "the client id is too long")
        if not request.client_id and request.version == V3 and not request.clean_start:
            raise ProtocolError(  # [MQTT-3.1.3-8] of 3.1.1
                ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "a session to be kept needs a client id"
            )
        if request.will is not None and not is_topic(request.will.topic, limits):
            raise ProtocolError(ReasonCode.TOPIC_NAME_INVALID, "the will's topic is none")

    def _known(self, identity: Identity | None) -> None:
        """Go on with who the client is."""
        if self.state != "checking" or self._connect is None:
            return  # it has gone meanwhile
        try:
            self._welcome(self._connect, identity)
        except ProtocolError as error:
            self._fail(error)
            return
        self.send_waiting()
        self.has_more = True

    def _welcome(self, request: Connect, identity: Identity | None) -> None:
        server = self._server
        if identity is None:
            raise ProtocolError(ReasonCode.BAD_USER_NAME_OR_PASSWORD, "wrong or missing password")
        will = request.will
        if will is not None and not server.access.may_publish(identity, will.topic):
            raise ProtocolError(ReasonCode.NOT_AUTHORIZED, "it may not publish its will")
        session, is_present = server.begin(self, request, identity)
        self.session, self.identity, self.state = session, identity, "connected"
        self._will = will
        self._frames.most = server.limits.packet_bytes
        self._heard = server.clock()
        self._patience = request.keep_alive * KEEP_ALIVE_FACTOR
        self._outbox = Outbox(server, session, request)
        told = connack_properties(server, request, session) if self.version == V5 else {}
        self.send(
            writing.connack(self.version, ReasonCode.SUCCESS, session_present=is_present, told=told)
        )

    # --- PUBLISH ------------------------------------------------------------
    def _publish(self, packet: Publish) -> None:
        server, session = self._server, self._own_session()
        packet = self._with_topic(packet)
        if not is_topic(packet.topic, server.limits):
            raise ProtocolError(ReasonCode.TOPIC_NAME_INVALID, "a topic that is none, or too long")
        if not server.access.may_publish(self.identity, packet.topic):
            server.log("forbidden", f"{session.client_id!r} may not publish to {packet.topic!r}")
            self._answer(packet, ReasonCode.NOT_AUTHORIZED)
        elif packet.qos == 0:
            server.publish(packet, session.client_id, session, lambda: None)
        elif packet.qos == 2 and packet.packet_id in session.incoming:
            self._came_before(packet, session)
        else:
            self._store(packet, session)

    def _came_before(self, packet: Publish, session: Session) -> None:
        """Acknowledge a PUBLISH of QoS 2 that is not released, once, when it is committed."""
        if session.incoming[packet.packet_id]:
            self._answer(packet, ReasonCode.SUCCESS)
        elif packet.packet_id not in self._awaited:
            # An earlier connection of this session has handed it over.
            received = _Received(_answer_to(packet, ReasonCode.SUCCESS))
            self._received.append(received)
            self._awaited[packet.packet_id] = received

    def _with_topic(self, packet: Publish) -> Publish:
        """Return `packet` with the topic that its alias stands for (section 3.3.2.3.4)."""
        alias = packet.properties.get("topic_alias")
        if alias is None:
            if not packet.topic:
                raise against_protocol("a PUBLISH without topic")
            return packet
        if alias > self._server.limits.topic_aliases:  # [MQTT-3.3.2-9]
            raise ProtocolError(ReasonCode.TOPIC_ALIAS_INVALID, "a topic alias beyond the maximum")
        if packet.topic:
            self._aliases[alias] = packet.topic
            return packet
        if alias not in self._aliases:
            raise against_protocol("a topic alias that stands for nothing")
        return replace(packet, topic=self._aliases[alias])

    def _answer(self, packet: Publish, reason: ReasonCode) -> None:
        """Acknowledge a PUBLISH that needs no commit, in its turn."""
        if packet.qos:
            self._received.append(_Received(_answer_to(packet, reason), is_committed=True))
            self._settle()

    def _store(self, packet: Publish, session: Session) -> None:
        received = _Received(_answer_to(packet, ReasonCode.SUCCESS))
        self._received.append(received)
        if packet.qos == 2:
            self._note_incoming(packet.packet_id, session, received)

        def committed() -> None:
            if packet.qos == 2:
                _released(self._server, session, packet.packet_id)
            received.is_committed = True
            self._settle()

        self._server.publish(packet, session.client_id, session, committed)

    def _note_incoming(self, packet_id: int, session: Session, received: _Received) -> None:
        if len(session.incoming) >= self._server.limits.receive_maximum:
            raise ProtocolError(
                ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, "too many messages that it does not release"
            )
        session.incoming[packet_id] = False
        self._awaited[packet_id] = received

    def committed(self, packet_id: int) -> None:
        """Acknowledge a message of QoS 2 that this connection waits for."""
        received = self._awaited.pop(packet_id, None)
        if received is not None:
            received.is_committed = True
            self._settle()

    def _settle(self) -> None:
        """Send the acknowledgements whose turn it is."""
        received, found = self._received, bytearray()
        while received and received[0].is_committed:
            found += writing.ack(self.version, received.popleft().answer)
        if found and self.state == "connected":
            self.has_more |= self.is_held
            self.send(bytes(found))

    # --- acknowledgements ---------------------------------------------------
    def _acknowledged(self, packet: Ack) -> None:
        session = self._own_session()
        if packet.kind == packets.PUBREL:
            if session.incoming.get(packet.packet_id) is False:
                raise against_protocol("a PUBREL before its PUBREC")
            known = session.incoming.pop(packet.packet_id, None) is not None
            self._server.changed.add(session.client_id)
            reason = ReasonCode.SUCCESS if known else ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
            self.send_ack(Ack(packets.PUBCOMP, packet.packet_id, reason))
        elif self._outbox is not None:
            released = self._outbox.acknowledged(packet)
            if released is not None:
                self.send_ack(released)
            self.send_waiting()

    # --- SUBSCRIBE ----------------------------------------------------------
    def _subscribe(self, packet: Subscribe) -> None:
        server, session = self._server, self._own_session()
        reasons = [
            server.subscribe(session, self.identity, wanted, packet.identifier)
            for wanted in packet.wanted
        ]
        self.send(writing.suback(self.version, packet.packet_id, reasons))
        self.send_waiting()

    def _unsubscribe(self, packet: Unsubscribe) -> None:
        server, session = self._server, self._own_session()
        reasons = [
            server.unsubscribe(session, name)
            if parse_filter(name, server.limits) is not None
            else ReasonCode.TOPIC_FILTER_INVALID
            for name in packet.filters
        ]
        self.send(writing.unsuback(self.version, packet.packet_id, reasons))

    # --- DISCONNECT ---------------------------------------------------------
    def _leave(self, packet: Disconnect) -> None:
        session = self._own_session()
        expiry = packet.properties.get("session_expiry")
        if expiry is not None:
            if expiry and not session.expiry:
                raise against_protocol("DISCONNECT prolongs a session that was not to be kept")
            session.expiry = min(float(expiry), float(self._server.limits.session_seconds))
        is_good = packet.reason == ReasonCode.SUCCESS
        self._close("it said goodbye", leaves_will=not is_good)  # [MQTT-3.14.4-3]

    def _own_session(self) -> Session:
        if self.session is None:
            raise malformed("the first packet is not CONNECT")
        return self.session


def _released(server: Server, session: Session, packet_id: int) -> None:
    """Note that a message of QoS 2 is committed, and tell the connection that waits for it."""
    if packet_id in session.incoming:
        session.incoming[packet_id] = True
        server.changed.add(session.client_id)
    if session.connection is not None:
        session.connection.committed(packet_id)


def _answer_to(packet: Publish, reason: ReasonCode) -> Ack:
    return Ack(packets.PUBACK if packet.qos == 1 else packets.PUBREC, packet.packet_id, reason)
