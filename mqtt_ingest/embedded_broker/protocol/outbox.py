"""What a client is sent: deliveries, as many at once as it takes, and retained messages."""

from collections import deque
from typing import TYPE_CHECKING

from mqtt_ingest.embedded_broker.protocol import packets, writing
from mqtt_ingest.embedded_broker.protocol.messages import Delivery
from mqtt_ingest.embedded_broker.protocol.packets import V5, Ack, Connect, Publish
from mqtt_ingest.embedded_broker.protocol.properties import Properties
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.server import Server
from mqtt_ingest.embedded_broker.protocol.session import InFlight, Session
from mqtt_ingest.embedded_broker.protocol.topics import parse_filter

if TYPE_CHECKING:
    from mqtt_ingest.embedded_broker.protocol.connection import Connection

# The longest expiry that a packet can tell, in s.
_LONGEST = 0xFFFFFFFF


class Outbox:
    """The way out of one connection's session."""

    def __init__(
        self, connection: "Connection", server: Server, session: Session, request: Connect
    ) -> None:
        told = request.properties
        self._connection = connection
        self._server = server
        self._session = session
        self._is_v5 = request.version == V5
        self._window = min(server.limits.inflight, told.get("receive_maximum", 65_535))
        # What the client takes (section 3.1.2.11.4); 0: anything.
        self._most_bytes = told.get("maximum_packet_size", 0)
        # Each topic that has one is kept for as long as the connection lasts.
        self._most_aliases = min(server.limits.topic_aliases, told.get("topic_alias_maximum", 0))
        self._aliases: dict[str, int] = {}
        # What an earlier connection has sent, and this one has not; and how many it has.
        self._again = deque(session.inflight)
        self._sent = 0

    @property
    def waits(self) -> bool:
        """Return whether there is more to send than the client has taken."""
        return bool(self._again or self._session.queue or self._session.catching_up)

    # --- deliveries ---------------------------------------------------------
    def send(self) -> bool:
        """Send what an earlier connection has not acknowledged, deliveries, retained messages.

        Returns:
            Whether there is more to send that needs a turn of its own.
        """
        session = self._session
        if not self._send_again():
            return False
        while (
            session.queue
            and self._has_place(session.queue[0])
            and not self._connection.is_congested
        ):
            self._deliver(session.take())
        if session.queue or not session.catching_up:
            return False
        return self._catch_up()

    def _send_again(self) -> bool:
        """Send deliveries of earlier connections [MQTT-4.4.0-1]; return whether all of them are.

        As many as the client takes at once: their acknowledgements make room for the others.
        """
        inflight = self._session.inflight
        while self._again:
            if self._connection.is_congested or self._sent >= self._window:
                return False
            packet_id = self._again.popleft()
            flight = inflight.get(packet_id)
            if flight is None:
                continue  # acknowledged meanwhile
            if flight.is_received:
                self._connection.send_ack(Ack(packets.PUBREL, packet_id))
            elif not self._send(flight.delivery, packet_id, dup=True):
                self._forget(packet_id)
                continue
            self._sent += 1
        return True

    def _has_place(self, delivery: Delivery) -> bool:
        return not delivery.qos or len(self._session.inflight) < self._window

    def _deliver(self, delivery: Delivery) -> None:
        now, session, server = self._server.clock(), self._session, self._server
        server.changed.add(session.client_id)
        expires_at = delivery.message.expires_at
        is_old = delivery.since < now - server.limits.queued_seconds
        if not is_old and (expires_at is None or expires_at > now):  # [MQTT-3.3.2-5]
            packet_id = session.free_packet_id() if delivery.qos else 0
            if self._send(delivery, packet_id) and delivery.qos:
                session.inflight[packet_id] = InFlight(delivery)
                self._sent += 1
                return
        server.queued_bytes -= session.done(delivery)

    def _send(self, delivery: Delivery, packet_id: int, *, dup: bool = False) -> bool:
        """Send a delivery; return False where the client takes none of that size."""
        message, told = delivery.message, self._properties(delivery)
        topic = self._aliased(message.topic, told)
        data = writing.publish(
            self._connection.version,
            Publish(topic, message.payload, delivery.qos, delivery.retain, dup, packet_id, told),
        )
        if self._most_bytes and len(data) > self._most_bytes:  # [MQTT-3.1.2-25]
            self._server.counters.dropped += 1
            self._forget_alias(message.topic, topic)
            return False
        self._connection.send(data)
        self._server.counters.delivered += 1
        return True

    def _properties(self, delivery: Delivery) -> Properties:
        if not self._is_v5:
            return {}
        told = dict(delivery.message.properties)
        if delivery.message.expires_at is not None:
            left = delivery.message.expires_at - self._server.clock()
            told["message_expiry"] = min(_LONGEST, max(1, int(left)))  # [MQTT-3.3.2-6]
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

    def _forget_alias(self, topic: str, sent: str) -> None:
        """Take back an alias that the client has not been told of."""
        if sent and self._aliases.get(topic) == len(self._aliases):
            del self._aliases[topic]

    # --- retained messages --------------------------------------------------
    def _catch_up(self) -> bool:
        """Queue retained messages of new subscriptions, for a slice of topics."""
        session, server = self._session, self._server
        name, (subscription, found) = next(iter(session.catching_up.items()))
        if found is None:
            parsed = parse_filter(name, server.limits)
            found = server.retained.matched_by(parsed.levels if parsed else ())
            session.catching_up[name] = (subscription, found)
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
            if not self._has_place(session.queue[0]) or self._connection.is_congested:
                return False
            self._deliver(session.take())
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
                self._done(packet.packet_id)
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
            self._done(packet.packet_id)
        return None

    def _done(self, packet_id: int) -> None:
        """Note that the client has acknowledged a delivery for the last time."""
        self._forget(packet_id)
        if packet_id not in self._again:
            self._sent -= 1

    def _forget(self, packet_id: int) -> None:
        flight = self._session.inflight.pop(packet_id)
        self._server.queued_bytes -= self._session.done(flight.delivery)
        self._server.changed.add(self._session.client_id)
