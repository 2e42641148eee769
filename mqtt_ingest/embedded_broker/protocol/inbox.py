"""What a client publishes: stored once, acknowledged in the order in which it came.

Acknowledgements go out as [MQTT-4.6.0-2] and [MQTT-4.6.0-3] want them, each once what it
acknowledges is committed.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mqtt_ingest.embedded_broker.protocol import packets
from mqtt_ingest.embedded_broker.protocol.errors import ProtocolError, against_protocol
from mqtt_ingest.embedded_broker.protocol.packets import Ack, Publish
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.rim import Identity
from mqtt_ingest.embedded_broker.protocol.server import Server
from mqtt_ingest.embedded_broker.protocol.session import Session
from mqtt_ingest.embedded_broker.protocol.topics import is_topic

if TYPE_CHECKING:
    from mqtt_ingest.embedded_broker.protocol.connection import Connection


@dataclass(slots=True, eq=False)
class _Received:
    """A PUBLISH that is not acknowledged yet."""

    answer: Ack
    is_committed: bool = False


class Inbox:
    """The way in of one connection's session."""

    def __init__(
        self, connection: "Connection", server: Server, session: Session, identity: Identity
    ) -> None:
        self._connection = connection
        self._server = server
        self._session = session
        self._identity = identity
        self._received: deque[_Received] = deque()
        # Those of QoS 2, by packet id.
        self._awaited: dict[int, _Received] = {}
        self._aliases: dict[int, str] = {}

    def __len__(self) -> int:
        """Return how many messages are not acknowledged yet."""
        return len(self._received)

    def take(self, packet: Publish) -> None:
        """Take a PUBLISH.

        Raises:
            ProtocolError: its topic is none, or it goes beyond a limit.
        """
        server, session = self._server, self._session
        packet = self._with_topic(packet)
        if not is_topic(packet.topic, server.limits):
            raise ProtocolError(ReasonCode.TOPIC_NAME_INVALID, "a topic that is none, or too long")
        if not server.access.may_publish(self._identity, packet.topic):
            server.log("forbidden", f"{session.client_id!r} may not publish to {packet.topic!r}")
            self._answer(packet, ReasonCode.NOT_AUTHORIZED)
        elif packet.qos == 0:
            server.publish(packet, session, lambda: None)
        elif packet.qos == 2 and packet.packet_id in session.incoming:
            self._came_before(packet)
        else:
            self._store(packet)

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

    # --- what is acknowledged -----------------------------------------------
    def _note(self, packet: Publish, reason: ReasonCode = ReasonCode.SUCCESS) -> _Received:
        """Keep the place of a PUBLISH among the acknowledgements."""
        kind = packets.PUBACK if packet.qos == 1 else packets.PUBREC
        received = _Received(Ack(kind, packet.packet_id, reason))
        self._received.append(received)
        return received

    def _answer(self, packet: Publish, reason: ReasonCode) -> None:
        """Acknowledge a PUBLISH that needs no commit, in its turn."""
        if packet.qos:
            self._commit(self._note(packet, reason))

    def _came_before(self, packet: Publish) -> None:
        """Acknowledge a PUBLISH of QoS 2 that is not released, once, when it is committed."""
        if self._session.incoming[packet.packet_id]:
            self._answer(packet, ReasonCode.SUCCESS)
        elif packet.packet_id not in self._awaited:
            # An earlier connection of this session has handed it over.
            self._awaited[packet.packet_id] = self._note(packet)

    def _store(self, packet: Publish) -> None:
        session, is_twice_acknowledged = self._session, packet.qos == 2
        if is_twice_acknowledged and len(session.incoming) >= self._server.limits.receive_maximum:
            raise ProtocolError(
                ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, "too many messages that it does not release"
            )
        received = self._note(packet)
        if is_twice_acknowledged:
            session.incoming[packet.packet_id] = False
            self._awaited[packet.packet_id] = received

        def committed() -> None:
            if is_twice_acknowledged:
                self._server.release(session, packet.packet_id)
            self._commit(received)

        self._server.publish(packet, session, committed)

    def committed(self, packet_id: int) -> None:
        """Acknowledge a message of QoS 2 that this connection waits for."""
        received = self._awaited.pop(packet_id, None)
        if received is not None:
            self._commit(received)

    def _commit(self, received: _Received) -> None:
        """Send the acknowledgements whose turn it is, now that `received` is committed."""
        received.is_committed = True
        ready: list[Ack] = []
        while self._received and self._received[0].is_committed:
            ready.append(self._received.popleft().answer)
        if ready:
            self._connection.acknowledge(ready)

    def released(self, packet_id: int) -> Ack:
        """Take a PUBREL; return its PUBCOMP.

        Raises:
            ProtocolError: its PUBREC has not been sent.
        """
        incoming = self._session.incoming
        if incoming.get(packet_id) is False:
            raise against_protocol("a PUBREL before its PUBREC")
        known = incoming.pop(packet_id, None) is not None
        if known:
            self._server.changed.add(self._session.client_id)
        reason = ReasonCode.SUCCESS if known else ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
        return Ack(packets.PUBCOMP, packet_id, reason)
