"""The server's state: sessions, subscriptions, retained messages and wills.

Nothing here knows of sockets or files. Connections hand packets over, and get what others
publish; times are the caller's, in s by a clock that only goes forward.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mqtt_ingest.embedded_broker.protocol.errors import ProtocolError
from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.messages import LEVEL_BYTES, PASSED_ON, Message
from mqtt_ingest.embedded_broker.protocol.packets import V5, Connect, Publish, Wanted, Will
from mqtt_ingest.embedded_broker.protocol.properties import Properties
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.retained import Retained
from mqtt_ingest.embedded_broker.protocol.rim import Access, Identity, Intake
from mqtt_ingest.embedded_broker.protocol.session import Session, Subscription
from mqtt_ingest.embedded_broker.protocol.subscribers import Recipient, Subscribers
from mqtt_ingest.embedded_broker.protocol.topics import Parsed, parse_filter

if TYPE_CHECKING:
    from mqtt_ingest.embedded_broker.protocol.connection import Connection

# Sessions that end in one tick; the others do in the next.
_ENDED_AT_ONCE = 200
# Wills that are published in one tick.
_WILLS_AT_ONCE = 200
# Who was connected for so long is no crowd that comes and goes; of that so many wills wait.
_LASTING_SECONDS, _BRIEF_WILLS = 60.0, 1_000


@dataclass(slots=True)
class Counters:
    """What has happened since the start."""

    connected: int = 0
    refused: int = 0
    published: int = 0
    delivered: int = 0
    # Deliveries that were pushed out of a queue, or came to nobody who could take them.
    dropped: int = 0
    not_retained: int = 0


class Server:
    """One server; it lives on one thread."""

    def __init__(
        self,
        limits: Limits,
        access: Access,
        intake: Intake,
        clock: Callable[[], float],
        log: Callable[[str, str], None] = lambda _kind, _words: None,
    ) -> None:
        """Prepare.

        Args:
            limits: what clients may take.
            access: who may do what.
            intake: stores what is published.
            clock: tells s; it never goes back.
            log: takes a kind, of which a line a second is enough, and words for people.
        """
        self.limits = limits
        self.access = access
        self.intake = intake
        self.clock = clock
        self.log = log
        self.sessions: dict[str, Session] = {}
        # Those without a connection, by client id, that has been gone for longest first.
        self._away: dict[str, None] = {}
        self.retained = Retained(limits)
        self.counters = Counters()
        # Connections with something to send, and sessions that have changed since they were saved.
        self.to_flush: set[Connection] = set()
        self.changed: set[str] = set()
        # Called when `to_flush` gets its first.
        self.on_output: Callable[[], None] = lambda: None
        # Somebody's connection has much to send: it is time to do so.
        self.has_much = False
        self.queued_bytes = 0
        self.subscription_bytes = 0
        self._subscribers = Subscribers()
        # Connections that read no further until there is room.
        self._held: set[Connection] = set()
        self._with_will: set[Session] = set()
        # Wills that are due, and wait until there is room; how many may be published before a tick.
        # Of clients that had been there for a while first, and all of them; of others the newest.
        self._due: deque[tuple[str, Will]] = deque()
        self._brief: deque[tuple[str, Will]] = deque(maxlen=_BRIEF_WILLS)
        self._wills_left = _WILLS_AT_ONCE

    # --- sessions -----------------------------------------------------------
    def begin(
        self, connection: "Connection", request: Connect, identity: Identity
    ) -> tuple[Session, bool]:
        """Give `connection` its session; return whether it was there before.

        Raises:
            ProtocolError: it is somebody else's.
        """
        name = request.client_id or f"auto-{secrets.token_hex(8)}"
        before = self.sessions.get(name)
        if before is not None and before.owner != identity.name:
            raise ProtocolError(ReasonCode.NOT_AUTHORIZED, "the client id is somebody else's")
        if before is not None:
            self._take_over(before, request)
        session = self.sessions.get(name)
        is_present = session is not None
        if session is None:
            self._make_room()
            session = self.sessions[name] = Session(name, identity.name, self.limits)
        self._away.pop(name, None)
        session.will = None
        self._with_will.discard(session)
        session.expiry = self._expiry(request)
        session.connection, session.connected_at = connection, self.clock()
        self.changed.add(name)
        self.counters.connected += 1
        return session, is_present

    def _take_over(self, session: Session, request: Connect) -> None:
        """End the session's connection [MQTT-3.1.4-3], and with a clean start itself."""
        if session.connection is not None:
            session.connection.end(ReasonCode.SESSION_TAKEN_OVER)
        if request.clean_start and session.client_id in self.sessions:
            self.end(session)

    def _expiry(self, request: Connect) -> float:
        most = float(self.limits.session_seconds)
        if request.version != V5:
            return 0.0 if request.clean_start else most
        return min(float(request.properties.get("session_expiry", 0)), most)

    def _make_room(self) -> None:
        """End the session that has been away for longest, where there are too many."""
        if len(self.sessions) < self.limits.sessions:
            return
        if not self._away:
            raise ProtocolError(ReasonCode.QUOTA_EXCEEDED, "there are too many sessions")
        self.end(self.sessions[next(iter(self._away))])

    def leave(self, session: Session, will: Will | None) -> None:
        """Note that the session's connection is gone; `will` is what it leaves, if anything."""
        session.connection = None
        session.away_since = now = self.clock()
        self._away.pop(session.client_id, None)
        self._away[session.client_id] = None
        if session.is_kept:
            # From the beginning once more when the client is back: at least once is what it gets.
            for name, (subscription, _found) in session.catching_up.items():
                session.catching_up[name] = (subscription, None)
        else:
            session.catching_up.clear()
        self.changed.add(session.client_id)
        if will is not None:
            delay = min(float(will.properties.get("will_delay", 0)), session.expiry)
            if delay > 0:
                session.will, session.will_at = will, now + delay
                self._with_will.add(session)
            else:
                self._publish_will(session, will)
        if not session.is_kept:
            self.end(session)

    def end(self, session: Session) -> None:
        """End `session`: nothing is kept of it, and a will that waits is published."""
        for name in list(session.subscriptions):
            self.unsubscribe(session, name)
        self.queued_bytes -= session.queued_bytes
        session.queue.clear()
        session.inflight.clear()
        session.queued_bytes = 0
        self.sessions.pop(session.client_id, None)
        self._away.pop(session.client_id, None)
        self.changed.add(session.client_id)
        self._publish_waiting_will(session)

    def tick(self) -> None:
        """Publish wills that are due, and end sessions whose time is over; about once a second."""
        now = self.clock()
        self._wills_left = _WILLS_AT_ONCE
        for waiting in (self._due, self._brief):
            while waiting and self._has_room_for_will():
                self._publish_now(*waiting.popleft())
        for session in [one for one in self._with_will if one.will_at <= now]:
            self._publish_waiting_will(session)
        over = (
            one
            for one in self.sessions.values()
            if one.connection is None and one.away_since + one.expiry <= now
        )
        for session in list(islice(over, _ENDED_AT_ONCE)):
            self.end(session)

    def _publish_waiting_will(self, session: Session) -> None:
        will, session.will = session.will, None
        self._with_will.discard(session)
        if will is not None:
            self._publish_will(session, will)

    def _publish_will(self, session: Session, will: Will) -> None:
        """Publish a will; of very many at once, or where there is no room, when its turn comes."""
        is_brief = self.clock() - session.connected_at < _LASTING_SECONDS
        waiting = self._brief if is_brief else self._due
        if not waiting and self._has_room_for_will():
            self._publish_now(session.client_id, will)
            return
        if len(waiting) == waiting.maxlen:
            self.counters.dropped += 1
            self.log("wills", "more wills at once than are published: the oldest go")
        waiting.append((session.client_id, will))

    def _has_room_for_will(self) -> bool:
        return self._wills_left > 0 and not self.intake.is_full

    def _publish_now(self, client_id: str, will: Will) -> None:
        self._wills_left -= 1
        given = Publish(will.topic, will.payload, will.qos, will.retain, properties=will.properties)
        self.publish(given, None, lambda: None, client_id)

    # --- messages -----------------------------------------------------------
    def publish(
        self,
        given: Publish,
        publisher: Session | None,
        committed: Callable[[], None],
        client_id: str = "",
    ) -> None:
        """Store what is published, then pass it on and call `committed`.

        Args:
            given: the message.
            publisher: whose it is; None: of the client `client_id`, which is gone.
            committed: called when it is stored.
            client_id: where there is no publisher.
        """
        self.counters.published += 1
        now = self.clock()

        def stored() -> None:
            self.pass_on(given, publisher, now)
            committed()

        self.intake.take(given, publisher.client_id if publisher else client_id, stored)

    def release(self, session: Session, packet_id: int) -> None:
        """Note that a message of QoS 2 is committed, and tell the connection that waits for it."""
        if packet_id in session.incoming:
            session.incoming[packet_id] = True
            self.changed.add(session.client_id)
        if session.connection is not None:
            session.connection.committed(packet_id)

    def pass_on(
        self, given: Publish, publisher: Session | None, came_at: float | None = None
    ) -> None:
        """Hand a message to its subscribers, and retain it where it says so.

        Args:
            given: the message.
            publisher: whose it is.
            came_at: when it came: its expiry counts from then. None: now.
        """
        now = self.clock() if came_at is None else came_at
        expiry = given.properties.get("message_expiry")
        passed_on = {name: given.properties[name] for name in PASSED_ON if name in given.properties}
        expires_at = None if expiry is None else now + expiry
        message = Message(
            given.topic, given.payload, given.qos, given.retain, passed_on, expires_at
        )
        if given.retain and not self.retained.put(message, self.clock()):
            self.counters.not_retained += 1
            self.log("retained", "there is no room for more retained messages")
        recipients = self._subscribers.of(given.topic, publisher)
        if len(recipients) > self.limits.away_listening:
            recipients = self._not_too_many(recipients)
        for session, qos, as_published, identifiers in recipients:
            retain = given.retain and as_published
            self.deliver(
                session, message, min(qos, given.qos), retain=retain, identifiers=identifiers
            )

    def _not_too_many(self, recipients: list[Recipient]) -> list[Recipient]:
        """Return the recipients without those that too many are away with; some of them end.

        A message is kept for so many sessions whose clients are away: each costs with each
        message. Who left first ends, a part of them at a time.
        """
        away = [one.session for one in recipients if one.session.connection is None]
        away.sort(key=lambda session: session.away_since)
        over = away[: max(0, len(away) - self.limits.away_listening)]
        for session in over[:_ENDED_AT_ONCE]:
            self.log("sessions", f"{session.client_id!r} ends: too many wait for the same messages")
            self.end(session)
        gone = frozenset(over)
        return [one for one in recipients if one.session not in gone]

    def deliver(
        self,
        session: Session,
        message: Message,
        qos: int,
        *,
        retain: bool,
        identifiers: tuple[int, ...],
    ) -> None:
        """Send `message` to a session, or let it wait there."""
        connection = session.connection
        if qos == 0 and (connection is None or connection.is_congested):
            session.dropped += 1
            self._count_dropped(session, 1, is_told=connection is not None)
            return
        if connection is None and not session.is_kept:
            return
        dropped = session.dropped
        self.queued_bytes += session.deliver(
            message, qos, retain=retain, identifiers=identifiers, now=self.clock()
        )
        self._count_dropped(session, session.dropped - dropped)
        self.changed.add(session.client_id)
        if connection is not None:
            connection.send_waiting()
        if self.queued_bytes > self.limits.all_queued_bytes:
            self._drop_of_the_largest()

    def _drop_of_the_largest(self) -> None:
        """Make room where most waits, a good part at once: to look for it takes a while.

        Of many that hold as much, each gives a part: once for so many deliveries, whoever they are.
        """
        aim = self.limits.all_queued_bytes - self.limits.all_queued_bytes // 20
        holding = [one for one in self.sessions.values() if one.queue]
        holding.sort(key=lambda one: one.queued_bytes, reverse=True)
        for part in (2, 0):
            for session in holding:
                if self.queued_bytes <= aim:
                    return
                self._drop(session, session.queued_bytes // part if part else 0, aim)

    def _drop(self, session: Session, down_to: int, aim: int) -> None:
        """Drop the oldest of a session until it holds `down_to` bytes, and all `aim`."""
        dropped = session.dropped
        while session.queue and session.queued_bytes > down_to and self.queued_bytes > aim:
            self.queued_bytes -= session.drop_oldest()
        self.changed.add(session.client_id)
        self._count_dropped(session, session.dropped - dropped)

    def _count_dropped(self, session: Session, count: int, *, is_told: bool = True) -> None:
        """Count deliveries that were dropped; QoS 0 for somebody who is away is not told of."""
        self.counters.dropped += count
        if count and is_told:
            self.log("dropped", f"{session.client_id!r} does not take its messages: the oldest go")

    # --- subscriptions ------------------------------------------------------
    def subscribe(
        self, session: Session, identity: Identity, wanted: Wanted, identifier: int
    ) -> ReasonCode:
        """Add a subscription; return the granted QoS, or why not."""
        parsed = parse_filter(wanted.filter, self.limits)
        if parsed is None:
            return ReasonCode.TOPIC_FILTER_INVALID
        if not self.access.may_subscribe(identity, "/".join(parsed.levels)):
            return ReasonCode.NOT_AUTHORIZED
        is_new = wanted.filter not in session.subscriptions
        if is_new and not self._has_room(session, wanted.filter):
            return ReasonCode.QUOTA_EXCEEDED
        subscription = Subscription(wanted, identifier)
        session.subscriptions[wanted.filter] = subscription
        self._subscribers.add(parsed, session, subscription)
        self.changed.add(session.client_id)
        # Shared subscriptions get no retained messages (section 4.8.2).
        if not parsed.group and (
            wanted.retain_handling == 0 or (wanted.retain_handling == 1 and is_new)
        ):
            session.catching_up[wanted.filter] = (subscription, None)
        return ReasonCode(wanted.qos)

    def _has_room(self, session: Session, topic_filter: str) -> bool:
        size, limits = _filter_bytes(topic_filter), self.limits
        if (
            len(session.subscriptions) >= limits.subscriptions
            or session.subscription_bytes + size > limits.subscription_bytes
            or self.subscription_bytes + size > limits.all_subscription_bytes
        ):
            self.log("subscriptions", f"{session.client_id!r} has too many subscriptions")
            return False
        self._weigh(session, size)
        return True

    def _weigh(self, session: Session, size: int) -> None:
        session.subscription_bytes += size
        self.subscription_bytes += size

    def unsubscribe(self, session: Session, topic_filter: str) -> ReasonCode:
        """Take a subscription away; return whether there was one."""
        parsed = parse_filter(topic_filter, self.limits)
        if parsed is None:
            return ReasonCode.TOPIC_FILTER_INVALID
        if session.subscriptions.pop(topic_filter, None) is None:
            return ReasonCode.NO_SUBSCRIPTION_EXISTED
        session.catching_up.pop(topic_filter, None)
        self._weigh(session, -_filter_bytes(topic_filter))
        self._subscribers.remove(parsed, session)
        self.changed.add(session.client_id)
        return ReasonCode.SUCCESS

    # --- turns --------------------------------------------------------------
    def hold(self, connection: "Connection") -> None:
        """Let `connection` read no further until there is room."""
        self._held.add(connection)

    def go_on(self) -> None:
        """Let those that were held read on: there is room."""
        held, self._held = self._held, set()
        for connection in held:
            connection.has_more = True
            self.flushes(connection)

    def flushes(self, connection: "Connection") -> None:
        """Note that `connection` has something to send."""
        if not self.to_flush:
            self.on_output()
        self.to_flush.add(connection)

    def forget(self, connection: "Connection") -> None:
        """Read no further from a connection that is gone."""
        self._held.discard(connection)

    def restore(self, session: Session, wanted: Iterable[tuple[Parsed, Subscription]]) -> None:
        """Take in a session as it was saved."""
        self.sessions[session.client_id] = session
        self._away[session.client_id] = None
        self.queued_bytes += session.queued_bytes
        for parsed, subscription in wanted:
            name = subscription.wanted.filter
            session.subscriptions[name] = subscription
            self._weigh(session, _filter_bytes(name))
            self._subscribers.add(parsed, session, subscription)


def connack_properties(server: Server, request: Connect, session: Session) -> Properties:
    """Return what a client of MQTT 5 is told with its CONNACK (section 3.2.2.3)."""
    limits = server.limits
    told: Properties = {
        "receive_maximum": limits.receive_maximum,
        "maximum_packet_size": limits.packet_bytes,
        "topic_alias_maximum": limits.topic_aliases,
    }
    if request.properties.get("session_expiry", 0) != session.expiry:  # [MQTT-3.2.2-21]
        told["session_expiry"] = int(session.expiry)
    if not request.client_id:
        told["assigned_client_id"] = session.client_id
    return told


def _filter_bytes(topic_filter: str) -> int:
    return len(topic_filter) + LEVEL_BYTES * (topic_filter.count("/") + 1)
