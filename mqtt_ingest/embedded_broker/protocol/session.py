"""A session: what the server keeps of a client, connected or not (MQTT 5.0, section 4.1).

| state | what holds | leaves it by |
|---|---|---|
| connected | deliveries go out as the client takes them | the end of `connection` |
| away | deliveries of QoS 1 and 2 wait, within bounds | CONNECT, the end of its time |
| ended | nothing is kept of it; its will has been published | |

A delivery of QoS 1 or 2 is, in this order:

| state | where | leaves it by |
|---|---|---|
| waiting | `queue` | a free place among those in flight; its age, or others, push it out |
| sent | `inflight`, not `is_received` | PUBACK, or PUBREC with an error: done; PUBREC: released |
| released (QoS 2) | `inflight`, `is_received` | PUBCOMP: done |
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.messages import Delivery, Message
from mqtt_ingest.embedded_broker.protocol.packets import Wanted, Will

if TYPE_CHECKING:
    from mqtt_ingest.embedded_broker.protocol.connection import Connection


class Subscription(NamedTuple):
    """A filter of a session as it was granted."""

    wanted: Wanted
    identifier: int = 0


@dataclass(slots=True)
class InFlight:
    """A delivery that is not acknowledged yet."""

    delivery: Delivery
    is_received: bool = False


@dataclass(slots=True, eq=False)
class Session:
    """What is kept under one client id. Times by the server's clock, in s."""

    client_id: str
    # Whose it is: others cannot take it over.
    owner: str
    limits: Limits
    # For how long it is kept while its client is away.
    expiry: float = 0.0
    connection: "Connection | None" = None
    connected_at: float = 0.0
    away_since: float = 0.0
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    subscription_bytes: int = 0
    queue: deque[Delivery] = field(default_factory=deque)
    # Of what waits, and of what is in flight.
    queued_bytes: int = 0
    inflight: dict[int, InFlight] = field(default_factory=dict)
    # Packet ids of QoS 2 that came and are not released; whether they are committed.
    incoming: dict[int, bool] = field(default_factory=dict)
    # Retained messages that are still to be sent, by filter; None: they are looked up when it is
    # their turn. While its client is away a session holds no look-up: it would be large.
    catching_up: dict[str, tuple[Subscription, Iterator[Message | None] | None]] = field(
        default_factory=dict
    )
    dropped: int = 0
    # A will that waits for its delay, and until when.
    will: Will | None = None
    will_at: float = 0.0
    _number: int = 0
    _packet_id: int = 0

    @property
    def is_kept(self) -> bool:
        """Return whether it outlives its connection."""
        return self.expiry > 0

    def deliver(
        self, message: Message, qos: int, *, retain: bool, identifiers: tuple[int, ...], now: float
    ) -> int:
        """Queue `message`; return how many bytes more wait by that.

        Of too many, too large or too old ones the oldest are dropped, and counted.
        """
        before = self.queued_bytes
        self._number += 1
        self.queue.append(Delivery(message, qos, retain, identifiers, self._number, now))
        self.queued_bytes += message.size
        limits = self.limits
        while self.queue and (
            len(self.queue) > limits.queued
            or self.queued_bytes > limits.queued_bytes
            or self.queue[0].since < now - limits.queued_seconds
        ):
            self.drop_oldest()
        return self.queued_bytes - before

    def drop_oldest(self) -> int:
        """Drop the delivery that waits longest; return its size."""
        size = self.queue.popleft().message.size
        self.queued_bytes -= size
        self.dropped += 1
        return size

    def take(self) -> Delivery:
        """Return the delivery that waits longest; it counts until it is `done`."""
        return self.queue.popleft()

    def done(self, delivery: Delivery) -> int:
        """Count `delivery` no more; return its size."""
        self.queued_bytes -= delivery.message.size
        return delivery.message.size

    def deliveries(self) -> Iterator[tuple[int, tuple[Delivery, tuple[int, bool]]]]:
        """Yield (number, (delivery, (packet id, is received))) of QoS 1 and 2; id 0: it waits."""
        for packet_id, flight in self.inflight.items():
            yield flight.delivery.number, (flight.delivery, (packet_id, flight.is_received))
        for delivery in self.queue:
            if delivery.qos:
                yield delivery.number, (delivery, (0, False))

    def restore(self, delivery: Delivery, packet_id: int, *, is_received: bool) -> None:
        """Take in a delivery as it was saved, in their order."""
        self._number = delivery.number
        self.queued_bytes += delivery.message.size
        if packet_id:
            self.inflight[packet_id] = InFlight(delivery, is_received)
        else:
            self.queue.append(delivery)

    def free_packet_id(self) -> int:
        """Return a packet id that no delivery in flight has [MQTT-2.2.1-3]."""
        while True:
            self._packet_id = self._packet_id % 65_535 + 1
            if self._packet_id not in self.inflight:
                return self._packet_id
