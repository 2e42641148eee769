"""One connection: bytes in, bytes out, without a socket.

| state | what holds | leaves it by |
|---|---|---|
| waiting | nothing is known of the client; a few seconds, a few bytes | a good CONNECT: checking |
| checking | somebody decides who it is; nothing further is read | the answer: connected or closed |
| connected | it has a session, alone | DISCONNECT, silence, an error, a takeover, the end |
| closed | what is in `out` is sent, then the socket is closed | |

Nothing of a session is touched before it is known who asks for it.

What a client publishes is the `inbox`'s, what it is sent the `outbox`'s.
"""

from collections.abc import Callable, Iterable

from mqtt_ingest.embedded_broker.protocol import packets, writing
from mqtt_ingest.embedded_broker.protocol.errors import (
    ProtocolError,
    against_protocol,
    malformed,
)
from mqtt_ingest.embedded_broker.protocol.framing import Frames
from mqtt_ingest.embedded_broker.protocol.inbox import Inbox
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
from mqtt_ingest.embedded_broker.protocol.topics import is_topic

# A client is silent for too long after so many times its keep-alive [MQTT-3.1.2-22].
KEEP_ALIVE_FACTOR = 1.5
_NOBODY = Identity("")
# MQTT 3.1.1 has no word for the others: it is closed without one [MQTT-3.1.4-1].
_TOLD_TO_ALL = frozenset(
    {
        ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
        ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
        ReasonCode.BAD_USER_NAME_OR_PASSWORD,
        ReasonCode.NOT_AUTHORIZED,
        ReasonCode.QUOTA_EXCEEDED,
        ReasonCode.SERVER_BUSY,
    }
)


class Connection:
    """The protocol of one client."""

    def __init__(self, server: Server, peer: Peer) -> None:
        self.state = "waiting"
        self.peer = peer
        self.out = bytearray()
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
        # The ways in and out, once it is connected.
        self._inbox: Inbox | None = None
        self._outbox: Outbox | None = None
        self._connect: Connect | None = None
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
        unanswered = len(self._inbox) if self._inbox is not None else 0
        self._is_ours = unanswered >= self._server.limits.receive_maximum or (
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
            self.end(ReasonCode.KEEP_ALIVE_TIMEOUT)
        else:
            self._close()

    def lost(self) -> None:
        """Note that the socket is gone."""
        self._close()

    # --- the end ------------------------------------------------------------
    def _fail(self, error: ProtocolError) -> None:
        name = self._connect.client_id if self._connect is not None else ""
        if self.session is not None:
            name = self.session.client_id  # which it may have been given
        told = f"{name!r} from {self.peer.address}: {error.detail}"
        if self.state == "connected":
            self._server.log("ended", f"ended the connection of {told}")
            self.end(error.reason)
            return
        self._server.log("refused", f"refused {told}")
        is_v5 = self._connect is not None and self.version == V5
        if is_v5 or error.reason in _TOLD_TO_ALL:
            self.send(writing.connack(self.version, error.reason))
        self._server.counters.refused += 1
        self._close()

    def end(self, reason: ReasonCode) -> None:
        """End a connection from this side, which leaves the will [MQTT-3.1.2-8]."""
        if self.version == V5 and self.state == "connected":
            self.send(writing.disconnect(reason))
        self._close()

    def _close(self, *, leaves_will: bool = True) -> None:
        if self.state == "closed":
            return
        session, self.state = self.session, "closed"
        self.is_held = self.has_more = False
        self._frames.clear()
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
        if self._outbox is not None and self.state == "connected" and self._outbox.send():
            self.has_more = True
            self._server.flushes(self)

    def send_ack(self, answer: Ack) -> None:
        """Send PUBACK, PUBREC, PUBREL or PUBCOMP."""
        self.send(writing.ack(self.version, answer))

    # --- packets ------------------------------------------------------------
    def _handle(self, first: int, body: bytes) -> None:
        if self.state == "waiting" and first >> 4 != packets.CONNECT:
            raise _too_early()
        packet = read(first, body, self.version)
        if isinstance(packet, Publish) and self._inbox is not None:
            self._inbox.take(packet)
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
        told = request.will.properties.get("user", ()) if request.will is not None else ()
        if len(told) > limits.will_user_properties:
            raise ProtocolError(ReasonCode.QUOTA_EXCEEDED, "its will has too many user properties")

    def _known(self, identity: Identity | None) -> None:
        """Go on with who the client is."""
        if self.state != "checking" or self._connect is None:
            return  # it has gone meanwhile
        try:
            self._welcome(self._connect, identity)
        except ProtocolError as error:
            self._fail(error)
            self._server.flushes(self)  # the answer may come at any time
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
        self._inbox = Inbox(self, server, session, identity)
        self._outbox = Outbox(self, server, session, request)
        told = connack_properties(server, request, session) if self.version == V5 else {}
        self.send(
            writing.connack(self.version, ReasonCode.SUCCESS, session_present=is_present, told=told)
        )

    # --- acknowledgements ---------------------------------------------------
    def _acknowledged(self, packet: Ack) -> None:
        if self._inbox is None or self._outbox is None:
            raise _too_early()
        if packet.kind == packets.PUBREL:
            self.send_ack(self._inbox.released(packet.packet_id))
            return
        released = self._outbox.acknowledged(packet)
        if released is not None:
            self.send_ack(released)
        self.send_waiting()

    def acknowledge(self, answers: Iterable[Ack]) -> None:
        """Send acknowledgements of what is committed."""
        if self.state == "connected":
            self.has_more |= self.is_held  # there is room for more
            self.send(b"".join([writing.ack(self.version, answer) for answer in answers]))

    def committed(self, packet_id: int) -> None:
        """Acknowledge a message of QoS 2 that another connection of the session has brought."""
        if self._inbox is not None:
            self._inbox.committed(packet_id)

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
        reasons = [server.unsubscribe(session, name) for name in packet.filters]
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
        self._close(leaves_will=not is_good)  # [MQTT-3.14.4-3]

    def _own_session(self) -> Session:
        if self.session is None:
            raise _too_early()
        return self.session


def _too_early() -> ProtocolError:
    return malformed("the first packet is not CONNECT")  # [MQTT-3.1.0-1]
