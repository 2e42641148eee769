"""What a session receives besides telemetry: its canaries, and what the broker says of itself.

A canary is a small packet that the session publishes to a topic of its own every few
seconds. While it comes back, the way through the broker is proven, however quiet the
plant is: one goes by a plain filter and, where slots may share the load, one by a shared
one, as data does. They are no devices and never enter the pipeline.
"""

import time
from collections.abc import Callable
from typing import Literal

from devices.timings import BROKER_NAME_SECONDS, CANARY_MISSED_SECONDS, CANARY_SECONDS
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.sharing import Evidence, in_group

# So many canaries are missed before the broker is: one may be lost, as it goes at QoS 0.
MISSES = 3
# Mosquitto's count of packets it dropped for clients whose queue was full; its name.
DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
VERSION_TOPIC = "$SYS/broker/version"
# Of a count of dropped packets: more than any broker has counted.
DIGITS = 15

# off      switched off, or the session is not subscribed
# waiting  sent, and not back yet
# proven   came back
# refused  never came back since the start: the broker may not let us publish
# deaf     came back earlier, and does not any more
CanaryState = Literal["off", "waiting", "proven", "refused", "deaf"]
_WORST_FIRST: tuple[CanaryState, ...] = ("deaf", "refused", "waiting", "off", "proven")
Clock = Callable[[], float]


class Canary:
    """One way through the broker, proven again and again."""

    def __init__(self, topic: str, topic_filter: str, clock: Clock) -> None:
        """Prepare; `clock` tells seconds, monotonic."""
        self.topic = topic
        self.filter = topic_filter
        self.state: CanaryState = "off"
        # When it came back last, in s since 1970.
        self.proven_at: float | None = None
        # How often it did not come back since it did last.
        self.misses = 0
        self._clock = clock
        self._proven_once = False
        self._number = 0
        self._sent_at: float | None = None
        self._next_at = 0.0

    def begin(self) -> None:
        """Start anew on a fresh connection."""
        self._sent_at, self._next_at = None, self._clock()
        self.state = "waiting"

    def take(self, payload: bytes) -> None:
        """Take what came back."""
        if payload == b"%d" % self._number:
            self._sent_at, self.state, self._proven_once = None, "proven", True
            self.proven_at, self.misses = time.time(), 0

    def due(self) -> bytes | None:
        """Return the payload that is to be published now, or None."""
        now = self._clock()
        if self._sent_at is not None or now < self._next_at:
            return None
        self._number += 1
        self._sent_at, self._next_at = now, now + CANARY_SECONDS
        return b"%d" % self._number

    def missed(self) -> bool:
        """Return True each time it is found not to have come back."""
        if self._sent_at is None or self._clock() - self._sent_at < CANARY_MISSED_SECONDS:
            return False
        self._sent_at = None
        self.misses += 1
        self.state = "deaf" if self._proven_once else "refused"
        return True

    def refuse(self) -> None:
        """Note that the broker refused its subscription."""
        self._sent_at, self.state, self.misses = None, "refused", MISSES

    def excuse(self) -> None:
        """Forget the one on its way: we are not reading at present."""
        self._sent_at = None


class SideTopics:
    """The side topics of one session."""

    def __init__(
        self,
        client_id: str,
        *,
        canary: bool,
        shared: bool = False,
        watch_broker: bool,
        on_dropped: Callable[[int], None] = lambda _dropped: None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            client_id: of the session; names the canaries' topics.
            canary: whether to send any.
            shared: whether to send one by a shared subscription, too.
            watch_broker: whether to listen to what the broker says of itself.
            on_dropped: called with its count of dropped packets whenever it tells it.
            clock: seconds, monotonic.
        """
        topic = f"iotbridge/canary/{client_id}"
        self.plain = Canary(topic, topic, clock) if canary else None
        by_share = in_group(f"canary-{client_id.replace('/', '-')}", f"{topic}/shared")
        self.shared = Canary(f"{topic}/shared", by_share, clock) if canary and shared else None
        # Whether data goes by shared filters, so that their canary tells whether we are deaf.
        self.data_is_shared = False
        # The broker refused a shared filter of data, whatever the canary's says.
        self.data_refused = False
        self.broker_dropped: int | None = None
        # What the broker calls itself.
        self.software = ""
        self._canaries = [one for one in (self.plain, self.shared) if one is not None]
        self._by_topic = {one.topic: one for one in self._canaries}
        watched = [DROPPED_TOPIC, VERSION_TOPIC] if watch_broker else []
        self.filters = [*watched, *(one.filter for one in self._canaries)]
        self.topics = frozenset([*watched, *self._by_topic])
        self._on_dropped = on_dropped
        self._clock = clock
        self._began = clock()

    def take(self, packet: Packet) -> None:
        """Take a packet of one of `topics`."""
        if packet.topic in self._by_topic:
            self._by_topic[packet.topic].take(packet.payload)
        elif packet.topic == VERSION_TOPIC:
            self.software = packet.payload[:100].decode("utf-8", "replace")
        elif packet.payload.isdigit() and len(packet.payload) <= DIGITS:
            self.broker_dropped = int(packet.payload)
            self._on_dropped(self.broker_dropped)

    def begin(self) -> None:
        """Start anew on a fresh connection."""
        self._began = self._clock()
        for canary in self._canaries:
            canary.begin()

    @property
    def is_named(self) -> bool:
        """Return whether the broker said what it is, or had its time to."""
        return bool(self.software) or self._clock() - self._began > BROKER_NAME_SECONDS

    def due(self) -> list[tuple[str, bytes]]:
        """Return (topic, payload) of the canaries that are to be published now."""
        found = [(canary.topic, canary.due()) for canary in self._canaries]
        return [(topic, payload) for topic, payload in found if payload is not None]

    def missed(self) -> bool:
        """Return True each time a canary that data depends on is found not to have come back."""
        missed = [canary for canary in self._canaries if canary.missed()]
        return any(canary is self.plain or self.data_is_shared for canary in missed)

    def excuse(self) -> None:
        """Forget the canaries on their way: we are not reading at present."""
        for canary in self._canaries:
            canary.excuse()

    @property
    def _ours(self) -> list[Canary]:
        """Return the canaries that go as data does."""
        return self._canaries if self.data_is_shared else self._canaries[:1]

    @property
    def canary(self) -> CanaryState:
        """Return the state of the way that data takes: the worst of its canaries."""
        return min((one.state for one in self._ours), key=_WORST_FIRST.index, default="off")

    @property
    def proven_at(self) -> float | None:
        """Return until when the way that data takes was proven, in s since 1970."""
        moments = [one.proven_at for one in self._ours if one.proven_at is not None]
        return min(moments, default=None)

    @property
    def evidence(self) -> Evidence:
        """Return what the canaries prove of shared subscriptions."""
        if self.plain is None or self.shared is None:
            return ""
        if self.data_refused:
            return "refused"
        if self.shared.state == "proven":
            return "proven"
        # Once it is known to work, a single one that is lost proves nothing.
        never = self.shared.state == "refused"
        lost = never or self.shared.misses >= MISSES
        return "refused" if lost and self.plain.state == "proven" else ""
