"""What a client is sent: deliveries, as many at once as it takes, and retained messages."""

from typing import TYPE_CHECKING

from mqtt_ingest.embedded_broker.protocol import packets, properties
from mqtt_ingest.embedded_broker.protocol.messages import Delivery
from mqtt_ingest.embedded_broker.protocol.packets import V5, Ack, Connect, Publish
from mqtt_ingest.embedded_broker.protocol.properties import Properties
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.server import Server
from mqtt_ingest.embedded_broker.protocol.session import InFlight, Session

if TYPE_CHECKING:
    from mqtt_ingest.embedded_broker.protocol.connection import Connection

# What a PUBLISH has besides topic, properties and payload, at most.
_HEADER_BYTES = 16


class Outbox:
    """The way out of one connection's session."""

    def __init__(self, server: Server, session: Session, request: Connect) -> None:
        told = request.properties
        self._server = server
        self._session = session
        self._is_v5 = request.version == V5
        self._window = min(server.limits.inflight, told.get("receive_maximum", 65_535))
        # What the client takes (section 3.1.2.11.4); 0: anything.
        self._most_bytes = told.get("maximum_packet_size", 0)
        self._most_aliases = told.get("topic_alias_maximum", 0)
        self._aliases: dict[str, int] = {}

    # --- deliveries ---------------------------------------------------------
    def send_again(self, connection: "Connection") -> None:
        """Send what an earlier connection was sent and has not acknowledged [MQTT-4.4.0-1]."""
        for packet_id, flight in list(self._session.inflight.items()):
            if flight.is_received:
                connection.send_ack(Ack(packets.PUBREL, packet_id))
            else:
                self._send(connection, flight.delivery, packet_id, dup=True)

    def send(self, connection: "Connection") -> bool:
        """Send deliveries that wait, then retained messages.

        Returns:
            Whether there is more to send that needs a turn of its own.
        """
        session = self._session
        while session.queue and self._has_place(session.queue[0]) and not connection.is_congested:
            delivery = session.take()
            self._server.queued_bytes -= delivery.message.size
            self._deliver(connection, delivery)
        if session.queue or not session.catching_up:
            return False
        return self._catch_up(connection)

    def _has_place(self, delivery: Delivery) -> bool:
        return not delivery.qos or len(self._session.inflight) < self._window

    def _deliver(self, connection: "Connection", delivery: Delivery) -> None:
        expires_at = delivery.message.expires_at
        if expires_at is not None and expires_at <= self._server.clock():
            return  # [MQTT-3.3.2-5]
        packet_id = self._session.free_packet_id() if delivery.qos else 0
        if self._send(connection, delivery, packet_id) and delivery.qos:
            self._session.inflight[packet_id] = InFlight(delivery)

    def _send(
        self, connection: "Connection", delivery: Delivery, packet_id: int, *, dup: bool = False
    ) -> bool:
        """Send a delivery; return False where the client takes none of that size."""
        message, told = delivery.message, self._properties(delivery)
        size = len(message.topic.encode()) + len(message.payload) + _HEADER_BYTES
        if self._most_bytes and size + len(properties.write(told)) > self._most_bytes:
            self._server.counters.dropped += 1  # [MQTT-3.1.2-25]
            return False
        topic = self._aliased(message.topic, told)
        connection.send_message(
            Publish(topic, message.payload, delivery.qos, delivery.retain, dup, packet_id, told)
        )
        self._server.counters.delivered += 1
        return True

    def _properties(self, delivery: Delivery) -> Properties:
        if not self._is_v5:
            return {}
        told = dict(delivery.message.properties)
        if delivery.message.expires_at is not None:
            left = delivery.message.expires_at - self._server.clock()
            told["message_expiry"] = max(1, int(left))  # [MQTT-3.3.2-6]
        if delivery.identifiers:
            told["subscription_id"] = list(delivery.identifiers)
        return told

    def _aliased(self, topic: str, told: Properties) -> str:
        """Return what stands for `topic` in the packet, and note its alias in `told`."""
        alias = self._aliases.get(topic)
        if alias is not None:
            told["topic_alias"] = alias
            return ""
        if len(self._aliases) < self._most_aliases:
            self._aliases[topic] = told["topic_alias"] = len(self._aliases) + 1
        return topic

    # --- retained messages --------------------------------------------------
    def _catch_up(self, connection: "Connection") -> bool:
        """Queue retained messages of new subscriptions, for a slice of topics."""
        session, server = self._session, self._server
        name, (subscription, found) = next(iter(session.catching_up.items()))
        for _node in range(server.limits.slice_topics):
            try:
                message = next(found)
            except StopIteration:
                session.catching_up.pop(name, None)
                break
            if message is None:
                continue
            wanted = subscription.wanted
            own = (subscription.identifier,) if subscription.identifier else ()
            qos = min(message.qos, wanted.qos)
            server.queued_bytes += session.deliver(
                message, qos, retain=True, identifiers=own, now=server.clock()
            )
            if not session.queue:
                continue
            if not self._has_place(session.queue[0]) or connection.is_congested:
                return False
            delivery = session.take()
            server.queued_bytes -= delivery.message.size
            self._deliver(connection, delivery)
        return bool(session.catching_up)

    # --- acknowledgements ---------------------------------------------------
    def acknowledged(self, packet: Ack) -> Ack | None:
        """Take PUBACK, PUBREC or PUBCOMP; return the PUBREL that is due."""
        inflight = self._session.inflight
        flight = inflight.get(packet.packet_id)
        if packet.kind == packets.PUBREC:
            if flight is None or flight.delivery.qos != 2:
                return Ack(packets.PUBREL, packet.packet_id, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)
            if packet.reason >= 0x80:
                del inflight[packet.packet_id]
                return None
            flight.is_received = True
            self._server.changed.add(self._session.client_id)
            return Ack(packets.PUBREL, packet.packet_id)
        is_last = flight is not None and (
            flight.delivery.qos == 1
            if packet.kind == packets.PUBACK
            else flight.delivery.qos == 2 and flight.is_received
        )
        if is_last:
            del inflight[packet.packet_id]
            self._server.changed.add(self._session.client_id)
        return None
