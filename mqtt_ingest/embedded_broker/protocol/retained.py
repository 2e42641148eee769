"""Retained messages (MQTT 5.0, section 3.3.1.3): the last one of each topic, within bounds."""

from collections.abc import Iterator, Sequence

from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.messages import Message
from mqtt_ingest.embedded_broker.protocol.topic_tree import TopicTree


class Retained:
    """The retained messages of a server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tree: TopicTree[Message] = TopicTree()
        self._count = 0
        self.bytes = 0
        # Topics that have changed since somebody saved them.
        self.changed: set[str] = set()

    def __len__(self) -> int:
        return self._count

    def get(self, topic: str) -> Message | None:
        """Return the message of `topic`."""
        return self._tree.get(topic.split("/"))

    def put(self, message: Message) -> bool:
        """Keep `message`; one without a payload removes that of its topic.

        Returns:
            False where it is not kept: there are too many, or too many bytes.
        """
        levels = message.topic.split("/")
        before = self._tree.get(levels)
        if not message.payload:  # [MQTT-3.3.1-6]
            if before is not None:
                self._tree.remove(levels)
                self._count -= 1
                self.bytes -= before.size
                self.changed.add(message.topic)
            return True
        count = self._count + (before is None)
        size = self.bytes + message.size - (before.size if before is not None else 0)
        if count > self._limits.retained or size > self._limits.retained_bytes:
            return False
        self._tree.set(levels, message)
        self._count, self.bytes = count, size
        self.changed.add(message.topic)
        return True

    def matched_by(self, levels: Sequence[str]) -> Iterator[Message | None]:
        """Yield the messages whose topics a filter matches; see `TopicTree.matched_by`."""
        return self._tree.matched_by(levels)
