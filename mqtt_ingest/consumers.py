"""The consumer behind the channel `mqtt-ingest`: it hosts the engine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from mqtt_ingest.worker.engine import Engine

logger = logging.getLogger(__name__)


class IngestConsumer:
    """An ASGI application that runs the engine for as long as it lives.

    Telemetry never comes through its channel; a message of type `ingest.stop`
    drains and ends it.
    """

    def __init__(self) -> None:
        self.engine: Engine | None = None

    @classmethod
    def as_asgi(cls) -> Callable[..., Awaitable[None]]:
        """Return the application; one consumer per instance."""

        async def application(
            scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Any
        ) -> None:
            await cls()(scope, receive, send)

        return application

    async def __call__(
        self,
        _scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        _send: Any,
    ) -> None:
        """Run the engine, listening for `ingest.stop`."""
        self.engine = engine = Engine()
        running = asyncio.create_task(engine.run(), name="engine")
        listening = asyncio.create_task(self._listen(receive, engine), name="control")
        try:
            await running
        finally:
            listening.cancel()
            running.cancel()
            await asyncio.gather(running, listening, return_exceptions=True)

    async def _listen(
        self, receive: Callable[[], Awaitable[dict[str, Any]]], engine: Engine
    ) -> None:
        while True:
            message = await receive()
            if message.get("type") == "ingest.stop":
                engine.stop()
