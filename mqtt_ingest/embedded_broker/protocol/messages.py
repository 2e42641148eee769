"""Messages on their way from a publisher to subscribers."""

from dataclasses import dataclass, field
from typing import NamedTuple

from mqtt_ingest.embedded_broker.protocol.properties import Properties

# What a message costs besides its texts, and a level of a topic or filter; about, in bytes.
_OVERHEAD = 300
LEVEL_BYTES = 400
# The properties that are passed on as they came [MQTT-3.3.2-4], -15 to -20.
PASSED_ON = ("payload_format", "content_type", "response_topic", "correlation_data", "user")


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody published."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    # Those of `PASSED_ON`.
    properties: Properties = field(default_factory=dict)
    # By the server's clock, in s; None: never.
    expires_at: float | None = None

    @property
    def size(self) -> int:
        """Return about how many bytes of memory it takes."""
        size = len(self.topic) + len(self.payload) + _OVERHEAD
        size += LEVEL_BYTES * self.topic.count("/")
        for name, value in self.properties.items():
            parts = [part for pair in value for part in pair] if name == "user" else [value]
            size += 60 + sum(len(part) for part in parts if not isinstance(part, int))
        return size


class Delivery(NamedTuple):
    """A message for one session."""

    message: Message
    qos: int
    retain: bool
    # Of the subscriptions that it comes by.
    identifiers: tuple[int, ...]
    # In the order of all deliveries of a session; since when it waits, in s.
    number: int
    since: float
