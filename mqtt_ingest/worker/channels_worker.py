"""Channels' worker, with the consumer built at boot and an orderly end."""

import asyncio
import logging
import signal
from typing import Any

from channels.worker import Worker

logger = logging.getLogger(__name__)

CHANNEL = "mqtt-ingest"


class EngineDiedError(Exception):
    """The engine ended by itself; the process must not look alive."""


class IngestWorker(Worker):
    """Serves `mqtt-ingest`; Channels' own worker builds consumers only at a first message,
    dies on SIGTERM without draining, and logs a failed consumer and goes on."""

    failure: BaseException | None = None

    async def handle(self) -> None:
        """Build the consumer, wait for its end, and stop on SIGTERM or SIGINT."""
        queue = self.get_or_create_application_instance(  # type: ignore[no-untyped-call] # asgiref
            CHANNEL, {"type": "channel", "channel": CHANNEL}
        )
        details: dict[str, Any] = self.application_instances[CHANNEL]
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, queue.put_nowait, {"type": "ingest.stop"})
        listener = asyncio.ensure_future(self._listen_for_ever())
        try:
            await asyncio.wait([details["future"]])
        finally:
            listener.cancel()
        details["future"].result()
        logger.info("Drained. Bye.")

    async def _listen_for_ever(self) -> None:
        """Take control messages; a layer that is away does not end the engine."""
        while True:
            try:
                await self.listener(CHANNEL)
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                logger.debug("No control messages: %s", error)
                await asyncio.sleep(1.0)

    async def application_checker(self) -> None:
        """Wait: `handle` itself sees the consumer's end."""
        await asyncio.Event().wait()
