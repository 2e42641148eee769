"""Retained messages (MQTT 5.0, section 3.3.1.3): the last one of each topic, within bounds."""

from collections.abc import Iterator, Sequence

from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.messages import Message
from mqtt_ingest.embedded_broker.protocol.topic_tree import TopicTree

_LOOK_SECONDS = 10.0


class Retained:
    """The retained messages of a server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tree: TopicTree[Message] = TopicTree()
        self._count = 0
        self.bytes = 0
        # Topics that have changed since somebody saved them.
        self.changed: set[str] = set()
        self._looked_at = float("-inf")

    def __len__(self) -> int:
        return self._count

    def get(self, topic: str) -> Message | None:
        """Return the message of `topic`."""
        return self._tree.get(topic.split("/"))

    def put(self, message: Message, now: float) -> bool:
        """Keep `message` at `now`; one without a payload removes that of its topic.

        Returns:
            False where it is not kept: there are too many, or too many bytes.
        """
        levels = message.topic.split("/")
        before = self._tree.get(levels)
        if before is not None:  # also where the new one does not fit: it is not true any more
            self._remove(before, levels)
        if not message.payload:  # [MQTT-3.3.1-6]
            return True
        if not self._has_room(message):
            self._drop_expired(now)
            if not self._has_room(message):
                return False
        self._tree.set(levels, message)
        self._count += 1
        self.bytes += message.size
        self.changed.add(message.topic)
        return True

    def _has_room(self, message: Message) -> bool:
        limits = self._limits
        return self._count < limits.retained and self.bytes + message.size <= limits.retained_bytes

    def _remove(self, message: Message, levels: Sequence[str]) -> None:
        self._tree.remove(levels)
        self._count -= 1
        self.bytes -= message.size
        self.changed.add(message.topic)

    def _drop_expired(self, now: float) -> None:
        """Make room, at most every few seconds: all of them are looked at."""
        if now < self._looked_at + _LOOK_SECONDS:
            return
        self._looked_at = now
        old = [
            one
            for one in self._tree.values()
            if one.expires_at is not None and one.expires_at <= now
        ]
        for one in old:
            self._remove(one, one.topic.split("/"))

    def matched_by(self, levels: Sequence[str]) -> Iterator[Message | None]:
        """Yield the messages whose topics a filter matches; see `TopicTree.matched_by`."""
        return self._tree.matched_by(levels)
