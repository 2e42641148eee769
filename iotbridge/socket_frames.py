"""How large a frame that comes over a WebSocket may be, decided before it is taken in.

Frames of pages are small; an MQTT client's may hold a packet, which is as large as
MAX_PAYLOAD_BYTES says. What goes out has no such bound, which autobahn's option would be, too.
"""

from typing import Any

import daphne.server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings

from dashboards.live.frames import MAX_CLIENT_FRAME

# A character has four bytes at most in UTF-8.
_LIVE_BYTES = 4 * MAX_CLIENT_FRAME
# What a packet has beside its payload: a topic above all.
_PACKET_BYTES = 70_000


def most() -> int:
    """Return how many bytes a message may have."""
    return max(_LIVE_BYTES, settings.MAX_PAYLOAD_BYTES + _PACKET_BYTES)


class BoundedProtocol(WebSocketProtocol):  # type: ignore[misc] # Daphne is not typed
    """Daphne's, which is closed by a message that is too large, frame by frame."""

    _taken = 0

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: FBT001, N802, N803 - autobahn's
        """Begin to count."""
        self._taken = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802 - autobahn's
        """Look at the length of a frame, which comes before what is in it."""
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
