"""Daphne's server, the ingest engine and the embedded broker on one asyncio loop."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import daphne.server  # installs Twisted's asyncio reactor: before any other of Twisted
from channels.routing import get_default_application
from django.conf import settings
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred

from dashboards.live.hub import Hub
from devices.addresses import from_here, in_url
from devices.monitoring import heartbeats
from iotbridge.standalone import own_broker
from mqtt_ingest import brokers
from mqtt_ingest.embedded_broker.broker import EmbeddedBroker
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from mqtt_ingest.worker.engine import Engine

# Twisted declares the reactor as an interface, which checkers cannot call.
reactor: Any = _reactor
logger = logging.getLogger(__name__)


class OneProcess:
    """Runs everything; `failure` says why, when it ends by itself."""

    def __init__(self, *, demo: bool, on_ready: Callable[[], None]) -> None:
        self.failure: BaseException | None = None
        self._demo = demo
        self._on_ready = on_ready
        self._embedded = (
            None if settings.MQTT_URL_GIVEN else EmbeddedSource(brokers.embedded().where)
        )
        self._broker: EmbeddedBroker | None = None
        self._engine: Engine | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        own_broker.raise_descriptors()
        bind = settings.HTTP_BIND.replace(":", "\\:")
        server = daphne.server.Server(
            application=get_default_application(),
            endpoints=[f"tcp:port={settings.HTTP_PORT}:interface={bind}"],
            ready_callable=self._start,
            verbosity=0,
            server_name="iotbridge",
        )
        reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        server.run()

    def _start(self) -> None:
        loop = asyncio.get_event_loop()
        self._tasks.append(loop.create_task(self._main(), name="one process"))

    async def _main(self) -> None:
        try:
            if self._embedded is not None:
                self._broker = own_broker.make(self._embedded)
                await self._broker.start()
            self._engine = Engine(self._embedded)
            heartbeats.keep_here(self._engine.url)
            Hub.current().begin()
            engine = asyncio.create_task(self._engine.run(), name="engine")
            self._tasks.append(asyncio.create_task(self._welcome(), name="welcome"))
            await engine
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.exception("iotbridge ends")
            self.failure = error
            reactor.callFromThread(reactor.stop)

    async def _welcome(self) -> None:
        """Start the demo fleet and say `Ready` once pages, broker and ingest answer."""
        while self._engine is None or self._engine.state != "up":  # noqa: ASYNC110 - a property
            await asyncio.sleep(0.05)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _ask_pages)
        if not self._demo:
            self._on_ready()
            return
        from iotbridge.demo import seed
        from iotbridge.demo.fleet import Fleet

        fleet = Fleet(brokers.first())
        await loop.run_in_executor(None, fleet.connect)
        newest = await loop.run_in_executor(None, seed.newest)
        await loop.run_in_executor(None, fleet.fill, newest)
        self._on_ready()
        try:
            await fleet.run()
        finally:
            fleet.close()

    def _stop(self) -> Any:
        """Drain before the reactor ends."""
        return Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        for task in self._tasks[1:]:
            task.cancel()
        if self._engine is not None:
            self._engine.stop()
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=20)
        if self._broker is not None:
            await self._broker.shutdown()


def _ask_pages() -> None:
    host = in_url(from_here(settings.HTTP_BIND))
    try:
        with urlopen(f"http://{host}:{settings.HTTP_PORT}/readyz", timeout=10):
            return
    except URLError as error:
        logger.warning("The pages do not answer yet: %s", error)
