"""Who gets a message: the subscriptions of all sessions, by their filters."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mqtt_ingest.embedded_broker.protocol.session import Session, Subscription
from mqtt_ingest.embedded_broker.protocol.topic_tree import TopicTree
from mqtt_ingest.embedded_broker.protocol.topics import Parsed


@dataclass(slots=True)
class _Group:
    """The sessions that share a filter; who gets the next message."""

    members: dict[Session, Subscription] = field(default_factory=dict)
    turn: int = 0

    def pick(self) -> Session:
        """Return the next one in turn, of those that are connected if any is [MQTT-4.8.2-4]."""
        self.turn += 1
        connected = [one for one in self.members if one.connection is not None]
        candidates = connected or list(self.members)
        return candidates[self.turn % len(candidates)]


@dataclass(slots=True)
class _Subscribers:
    """Those of one filter."""

    own: dict[Session, Subscription] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)


class Recipient(NamedTuple):
    """A session that gets a message, once, whatever filters of it match [MQTT-3.3.4-2]."""

    session: Session
    qos: int
    retain_as_published: bool
    identifiers: tuple[int, ...]


class Subscribers:
    """The subscriptions of a server."""

    def __init__(self) -> None:
        self._tree: TopicTree[_Subscribers] = TopicTree()

    def add(self, parsed: Parsed, session: Session, subscription: Subscription) -> None:
        """Add a subscription, in place of the session's own of the same filter."""
        found = self._tree.get(parsed.levels)
        if found is None:
            found = _Subscribers()
            self._tree.set(parsed.levels, found)
        if parsed.group:
            group = found.groups.setdefault(parsed.group, _Group())
            group.members[session] = subscription
        else:
            found.own[session] = subscription

    def remove(self, parsed: Parsed, session: Session) -> None:
        """Take a session's subscription away."""
        found = self._tree.get(parsed.levels)
        if found is None:
            return
        if parsed.group:
            group = found.groups.get(parsed.group)
            if group is not None:
                group.members.pop(session, None)
                if not group.members:
                    del found.groups[parsed.group]
        else:
            found.own.pop(session, None)
        if not found.own and not found.groups:
            self._tree.remove(parsed.levels)

    def of(self, topic: str, publisher: Session | None) -> list[Recipient]:
        """Return who gets a message of `topic` that `publisher` has sent."""
        found: dict[Session, Recipient] = {}
        for session, subscription in self._matching(topic):
            if subscription.wanted.no_local and session is publisher:  # [MQTT-3.8.3-3]
                continue
            before = found.get(session)
            found[session] = _merged(before, session, subscription)
        return list(found.values())

    def _matching(self, topic: str) -> Iterator[tuple[Session, Subscription]]:
        for subscribers in self._tree.matching(topic.split("/")):
            yield from subscribers.own.items()
            for group in subscribers.groups.values():
                session = group.pick()
                yield session, group.members[session]


def _merged(before: Recipient | None, session: Session, subscription: Subscription) -> Recipient:
    wanted, identifier = subscription
    own = (identifier,) if identifier else ()
    if before is None:
        return Recipient(session, wanted.qos, wanted.retain_as_published, own)
    return Recipient(
        session,
        max(before.qos, wanted.qos),
        before.retain_as_published or wanted.retain_as_published,
        (*before.identifiers, *own),
    )
