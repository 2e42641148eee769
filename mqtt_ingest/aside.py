"""What a session receives besides telemetry: its canary, and the broker's own counts.

The canary is a small packet that the session publishes to a topic of its own every
few seconds. While it comes back, the way through the broker is proven, however quiet
the plant is. It is no device and never enters the pipeline.
"""

import time
from collections.abc import Callable
from typing import Literal

from mqtt_ingest.core.packets import Packet

CANARY_SECONDS = 5.0
# A canary that is not back after this long is missed.
MISSED_SECONDS = 10.0
# Mosquitto's count of packets it dropped for clients whose queue was full.
DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"

# off      switched off, or the session is not subscribed
# waiting  sent, and not back yet
# proven   came back
# refused  never came back since the start: the broker may not let us publish
# deaf     came back earlier, and does not any more
CanaryState = Literal["off", "waiting", "proven", "refused", "deaf"]


class Aside:
    """The side topics of one session."""

    def __init__(
        self,
        client_id: str,
        *,
        canary: bool,
        watch_broker: bool,
        on_dropped: Callable[[int], None] = lambda _dropped: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            client_id: of the session; names the canary's topic.
            canary: whether to send one.
            watch_broker: whether to listen to the broker's count of dropped packets.
            on_dropped: called with that count whenever the broker tells it.
            clock: seconds, monotonic.
        """
        self.topic = f"iotbridge/canary/{client_id}"
        self.topics = frozenset(
            ([self.topic] if canary else []) + ([DROPPED_TOPIC] if watch_broker else [])
        )
        self.canary: CanaryState = "off"
        self.broker_dropped: int | None = None
        # When the canary came back last, in s since 1970.
        self.proven_at: float | None = None
        self._enabled = canary
        self._on_dropped = on_dropped
        self._clock = clock
        self._proven_once = False
        self._number = 0
        self._sent_at: float | None = None
        self._next_at = 0.0

    def take(self, packet: Packet) -> None:
        """Take a packet of one of `topics`."""
        if packet.topic == self.topic:
            if packet.payload == b"%d" % self._number:
                self._sent_at, self.canary, self._proven_once = None, "proven", True
                self.proven_at = time.time()
        elif packet.payload.isdigit():
            self.broker_dropped = int(packet.payload)
            self._on_dropped(self.broker_dropped)

    def begin(self) -> None:
        """Start anew on a fresh connection."""
        self._sent_at, self._next_at = None, self._clock()
        self.canary = "waiting" if self._enabled else "off"

    def due(self) -> bytes | None:
        """Return the payload of a canary that is to be published now, or None."""
        now = self._clock()
        if not self._enabled or self._sent_at is not None or now < self._next_at:
            return None
        self._number += 1
        self._sent_at, self._next_at = now, now + CANARY_SECONDS
        return b"%d" % self._number

    def missed(self) -> bool:
        """Return True each time a canary is found not to have come back."""
        if self._sent_at is None or self._clock() - self._sent_at < MISSED_SECONDS:
            return False
        self._sent_at = None
        self.canary = "deaf" if self._proven_once else "refused"
        return True

    def excuse(self) -> None:
        """Forget the canary on its way: we are not reading at present."""
        self._sent_at = None
