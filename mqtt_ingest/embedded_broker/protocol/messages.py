"""Messages on their way from a publisher to subscribers."""

from dataclasses import dataclass, field
from typing import NamedTuple

from mqtt_ingest.embedded_broker.protocol.properties import Properties

# What a message costs besides its texts, and a level of a topic or filter; about, in bytes.
_OVERHEAD = 300
_PAIR = 200
# A text takes up to so many bytes a character.
_CHARACTER = 4
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
    # About how many bytes of memory it takes.
    size: int = field(init=False)

    def __post_init__(self) -> None:
        size = _OVERHEAD + len(self.payload) + LEVEL_BYTES * self.topic.count("/")
        size += _CHARACTER * len(self.topic)
        for name, value in self.properties.items():
            pairs = value if name == "user" else [(value,)]
            for pair in pairs:
                size += _PAIR + sum(_CHARACTER * len(p) for p in pair if not isinstance(p, int))
        object.__setattr__(self, "size", size)


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
