"""How large a frame of a WebSocket may be, decided before it is taken in.

Frames of pages are small; an MQTT client's may hold a packet, which is as large as
MAX_PAYLOAD_BYTES says.
"""

from typing import Any

import daphne.server
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings

from dashboards.live.frames import MAX_CLIENT_FRAME

# A character has four bytes at most in UTF-8.
_LIVE_BYTES = 4 * MAX_CLIENT_FRAME
# What a packet has beside its payload: a topic above all.
_PACKET_BYTES = 70_000


def most() -> int:
    """Return how many bytes a message may have."""
    return max(_LIVE_BYTES, settings.MAX_PAYLOAD_BYTES + _PACKET_BYTES)


class BoundedFactory(WebSocketFactory):  # type: ignore[misc] # Daphne is not typed
    """Daphne's, whose sockets are closed by a message that is too large."""

    def setProtocolOptions(self, **options: Any) -> None:  # noqa: N802 - autobahn's
        """Set options, with our bounds in place of Daphne's."""
        sizes = {"maxMessagePayloadSize": most(), "maxFramePayloadSize": most()}
        super().setProtocolOptions(**{**options, **sizes})


def install() -> None:
    """Have Daphne's server make its sockets so."""
    daphne.server.WebSocketFactory = BoundedFactory
