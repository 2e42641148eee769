"""Which consumer answers which WebSocket path and which worker channel."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ChannelNameRouter, URLRouter
from django.urls import path

from dashboards.consumers import LiveConsumer
from iotbridge.origins import from_own_pages
from mqtt_ingest.consumers import IngestConsumer
from mqtt_ingest.embedded_broker import websocket as mqtt
from mqtt_ingest.worker.channels_worker import CHANNEL

# Any: the stubs know no path() with an ASGI application.
_as_view: Any = LiveConsumer.as_asgi()
LIVE = "/ws/live/"
_paths: Any = [path(LIVE[1:], _as_view)]
_sockets: Any = URLRouter(_paths)
_with_session: Any = AuthMiddlewareStack(_sockets)
_mqtt: Any = from_own_pages(mqtt.application)
_from_pages: Any = from_own_pages(_with_session)


async def websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Let pages of allowed origins in by their session, programs by a token.

    Browsers always send Origin. Without one the session cookie is not looked at,
    so that a program must show a token in its first frame.
    """
    if scope["path"] == "/mqtt":
        await _mqtt(scope, receive, send)
        return
    if scope["path"] != LIVE:
        # As Channels says it; but its router takes an unknown path for an error of ours.
        await send({"type": "websocket.close"})
        return
    has_origin = any(name == b"origin" for name, _value in scope["headers"])
    await (_from_pages if has_origin else _sockets)(scope, receive, send)


channel = ChannelNameRouter({CHANNEL: IngestConsumer.as_asgi()})
