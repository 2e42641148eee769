"""How large a frame that comes over a WebSocket may be, and how many come in a second.

Decided before it is taken in. Frames of pages are small; an MQTT client's may hold a packet,
which is as large as MAX_PAYLOAD_BYTES says. What goes out has no such bound, which autobahn's
option would be, too.
"""

import time
from typing import Any

import daphne.server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings

from dashboards.live.frames import MAX_CLIENT_FRAME

# A character has four bytes at most in UTF-8.
_LIVE_BYTES = 4 * MAX_CLIENT_FRAME
# What a packet has beside its payload: a topic above all.
_PACKET_BYTES = 70_000
# Frames of one socket in a second, of whatever kind: each costs the loop its time, an empty one
# too. And of those the pings, each of which has to be answered, to whoever reads it or not.
FRAMES, PINGS = 500, 20


def most() -> int:
    """Return how many bytes a message may have."""
    return max(_LIVE_BYTES, settings.MAX_PAYLOAD_BYTES + _PACKET_BYTES)


class BoundedProtocol(WebSocketProtocol):  # type: ignore[misc] # Daphne is not typed
    """Daphne's, which is closed by a message that is too large, frame by frame."""

    _taken = 0
    _second = 0
    _frames = _pings = 0

    def _counts(self, *, is_ping: bool = False) -> bool:
        """Count a frame; False: there are too many, and the connection is cut."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._frames, self._pings = second, 0, 0
        self._frames += 1
        self._pings += is_ping
        if self._frames <= FRAMES and self._pings <= PINGS:
            return True
        self.wasNotCleanReason = "too many frames"
        self.dropConnection(abort=True)
        return False

    def onPing(self, payload: bytes) -> None:  # noqa: N802 - autobahn's
        """Answer, unless there are too many."""
        if self._counts(is_ping=True):
            super().onPing(payload)

    def onPong(self, payload: bytes) -> None:  # noqa: N802 - autobahn's
        """Count it."""
        if self._counts():
            super().onPong(payload)

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: FBT001, FBT002, N802 - Daphne's
        """Send to whoever is still there."""
        if self.state in {self.STATE_CONNECTING, self.STATE_OPEN}:
            super().serverSend(content, binary)

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: FBT001, N802, N803 - autobahn's
        """Begin to count."""
        self._taken = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802 - autobahn's
        """Look at the length of a frame, which comes before what is in it."""
        if not self._counts():
            return
        super().onMessageFrameBegin(length)
        self._taken += length
        if self._taken > most() and not self.failedByMe:
            self._max_message_size_exceeded(
                self._taken, most(), f"a message may have {most()} bytes"
            )


class BoundedFactory(WebSocketFactory):  # type: ignore[misc] # Daphne is not typed
    """Daphne's, with sockets that bound what comes."""

    protocol = BoundedProtocol

    def setProtocolOptions(self, **options: Any) -> None:  # noqa: N802 - autobahn's
        """Set options without those that bound what goes out, too."""
        sizes = {"maxMessagePayloadSize": 0, "maxFramePayloadSize": 0}
        super().setProtocolOptions(**{**options, **sizes})


def install() -> None:
    """Have Daphne's server make its sockets so."""
    daphne.server.WebSocketFactory = BoundedFactory
