"""The ASGI application: pages and API, the live socket, the worker channel."""

import asyncio
import os
import sys
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db.backends.signals import connection_created

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotbridge.settings")
http = get_asgi_application()

import iotbridge  # noqa: E402
from dashboards.live.hub import Hub  # noqa: E402
from dashboards.live.shutdown import say_all  # noqa: E402
from dashboards.middleware.client_disconnect import stop_when_left  # noqa: E402 - Django must be set up first
from devices.background.garbage_collection import collect_rarely  # noqa: E402
from devices.background.single_process import share_file  # noqa: E402
from devices.live import require_shared_layer  # noqa: E402 - Django must be set up first
from devices.queries.budget import REQUEST_SECONDS  # noqa: E402
from iotbridge import routing  # noqa: E402
from iotbridge.asgi_backpressure import patient  # noqa: E402
from iotbridge.request_limit import BESIDE_INGEST, bounded  # noqa: E402
from iotbridge.shutdown import Ending, finishing  # noqa: E402


async def lifespan(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Begin and end with servers that say so (ASGI lifespan); Daphne does not."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            Hub.current().begin()
        else:
            await say_all()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _with_daphne(*, alone: bool) -> None:
    """Have the hub look before anybody asks for a page, and the process end when it is told to."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    # Any: Twisted declares the reactor as an interface, which checkers cannot call.
    loop: Any = reactor

    def finish() -> Any:
        Ending.stopping = True
        return Deferred.fromFuture(asyncio.ensure_future(Ending.finish()))

    loop.addSystemEventTrigger("before", "shutdown", finish)
    loop.addSystemEventTrigger("after", "shutdown", Ending.insist)
    if alone:
        loop.callLater(0, lambda: Hub.current().begin())


def _bound_statements(connection: Any, **_kwargs: Any) -> None:
    """Have PostgreSQL end a statement of a page that takes too long."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{REQUEST_SECONDS:g}s'")


_alone = not iotbridge.runs_command
if _alone:
    connection_created.connect(_bound_statements, dispatch_uid="bounded statements")
    require_shared_layer("the web process")
    share_file()
if "daphne.server" in sys.modules:
    from iotbridge import page_doors, request_bodies, socket_frames

    page_doors.install()
    request_bodies.install()
    socket_frames.install()
    _with_daphne(alone=_alone)

_at_once = settings.REQUESTS_AT_ONCE
if settings.STANDALONE:
    _at_once = min(_at_once, BESIDE_INGEST)
application = ProtocolTypeRouter(
    {
        "http": patient(finishing(bounded(stop_when_left(http), _at_once))),
        "websocket": routing.websocket,
        "channel": routing.channel,
        "lifespan": lifespan,
    }
)
collect_rarely()
