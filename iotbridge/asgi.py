"""The ASGI application: pages and API, the live socket, the worker channel."""

import os
import sys
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotbridge.settings")
http = get_asgi_application()

from dashboards.leaving import stop_when_left  # noqa: E402 - Django must be set up first
from dashboards.live.hub import Hub  # noqa: E402
from devices.live import require_shared_layer  # noqa: E402 - Django must be set up first
from devices.memory import collect_rarely  # noqa: E402
from iotbridge import routing  # noqa: E402
from iotbridge.backpressure import patient  # noqa: E402


async def lifespan(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Begin and end with servers that say so (ASGI lifespan); Daphne does not."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            Hub.current().begin()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _begin_with_daphne() -> None:
    """Have the hub look from the start, before anybody asks for a page."""
    from twisted.internet import reactor

    # Any: Twisted declares the reactor as an interface, which checkers cannot call.
    loop: Any = reactor
    loop.callLater(0, lambda: Hub.current().begin())


if "manage.py" not in sys.argv[0]:
    require_shared_layer("the web process")
    if "daphne.server" in sys.modules:
        _begin_with_daphne()

application = ProtocolTypeRouter(
    {
        "http": patient(stop_when_left(http)),
        "websocket": routing.websocket,
        "channel": routing.channel,
        "lifespan": lifespan,
    }
)
collect_rarely()
