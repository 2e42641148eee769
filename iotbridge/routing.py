"""Which consumer answers which WebSocket path and which worker channel."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ChannelNameRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from dashboards.consumers import LiveConsumer
from mqtt_ingest.consumers import IngestConsumer
from mqtt_ingest.worker import CHANNEL

_sockets = URLRouter([path("ws/live/", LiveConsumer.as_asgi())])
_from_pages = AllowedHostsOriginValidator(AuthMiddlewareStack(_sockets))


async def websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Let pages of allowed origins in by their session, programs by a token.

    Browsers always send Origin. Without one the session cookie is not looked at,
    so that a program must show a token in its first frame.
    """
    has_origin = any(name == b"origin" for name, _value in scope["headers"])
    await (_from_pages if has_origin else _sockets)(scope, receive, send)


channel = ChannelNameRouter({CHANNEL: IngestConsumer.as_asgi()})
