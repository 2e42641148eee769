"""The writer's thread: every database call of one slot, one after the other."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from mqtt_ingest.core.errors import IngestError
from mqtt_ingest.core.packets import Batch, Stored
from mqtt_ingest.stores.writer import SlotWriter

logger = logging.getLogger(__name__)
T = TypeVar("T")

# After this long without a database the broker gets its packets back.
AWAY_SECONDS = 10.0
RETRY_SECONDS = 0.5
Unreachable = (OperationalError, InterfaceError)


class DatabaseAway(IngestError):
    """The database has not answered for `AWAY_SECONDS`."""


class DatabaseThread:
    """One thread with one connection. Not Django's shared thread: commits never queue there."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on the thread; a broken connection is dropped for the next call."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, _dropping_broken, work)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self.run(lambda: connection.close())  # noqa: PLW0108 - the thread's own connection
        self._executor.shutdown(wait=False)


def _dropping_broken(work: Callable[[], T]) -> T:
    try:
        return work()
    except Unreachable:
        connection.close()
        raise


class DatabaseSink:
    """A BatchSink that keeps trying while the database is away for a moment."""

    def __init__(self, thread: DatabaseThread, writer: SlotWriter) -> None:
        self._thread = thread
        self._writer = writer
        # Why the database does not take batches, while it does not.
        self.away = ""

    async def store(self, batch: Batch) -> Stored:
        """Commit `batch`.

        Raises:
            SlotLost: the slot was taken over.
            DatabaseAway: no answer for `AWAY_SECONDS`; nothing was stored.
        """
        first_failure = 0.0
        while True:
            try:
                stored = await self._thread.run(lambda: self._writer.store(batch))
            except Unreachable as error:
                now = time.monotonic()
                if not first_failure:
                    first_failure = now
                    self.away = str(error).partition("\n")[0]
                    logger.warning("%s: the database is away: %s", self._writer.name, self.away)
                if now - first_failure > AWAY_SECONDS:
                    raise DatabaseAway(str(error)) from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if first_failure:
                    self.away = ""
                    logger.info("%s: the database is back", self._writer.name)
                return stored
