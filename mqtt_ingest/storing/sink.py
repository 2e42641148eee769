"""The writer's thread: every database call of one slot, one after the other."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

from devices.database import is_away
from mqtt_ingest.core.errors import IngestError
from mqtt_ingest.core.packets import Batch, Entry, Stored
from mqtt_ingest.storing.slot_writer import SlotWriter

logger = logging.getLogger(__name__)
T = TypeVar("T")

# After this long without a database the broker gets its packets back.
AWAY_SECONDS = 10.0
RETRY_SECONDS = 0.5
Unreachable = (OperationalError, InterfaceError)


class DatabaseAway(IngestError):
    """The database has not answered for `AWAY_SECONDS`."""


class DatabaseThread:
    """One thread with one connection. Not Django's shared thread: commits never queue there.

    A plain queue and one wake-up per answer: what a lone packet costs is mostly hand-overs.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on the thread; a broken connection is dropped for the next call."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, answer, loop))
        return await answer

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, answer, loop = job
            result: object = None
            failure: BaseException | None = None
            try:
                result = _dropping_broken(work)
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_settle, answer, result, failure)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self.run(lambda: connection.close())  # noqa: PLW0108 - the thread's own connection
        self._jobs.put(None)


_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


def _settle(answer: "asyncio.Future[Any]", result: object, failure: BaseException | None) -> None:
    if answer.done():
        return  # whoever asked was cancelled
    if failure is None:
        answer.set_result(result)
    else:
        answer.set_exception(failure)


def _dropping_broken(work: Callable[[], T]) -> T:
    try:
        return work()
    except Unreachable:
        connection.close()
        raise
    except Error as error:
        if not is_away(error):
            raise
        connection.close()
        raise OperationalError(str(error)) from error


class DatabaseSink:
    """A BatchSink that keeps trying while the database is away for a moment."""

    def __init__(self, thread: DatabaseThread, writer: SlotWriter) -> None:
        self._thread = thread
        self._writer = writer
        # Why the database does not take batches, while it does not.
        self.away = ""
        # Since when, in s since 1970.
        self.away_since: float | None = None

    def stage(self, batch: Batch, entry: Entry) -> None:
        """Prepare the rows of `entry` on the event loop, while the database works."""
        self._writer.stage(batch, entry)

    def trusts(self, source: str, native_id: str) -> bool:
        """Return whether the writer knows the device as accepted."""
        return self._writer.registry.trusts(source, native_id)

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
                    self.away_since = self.away_since or time.time()
                    logger.warning("%s: the database is away: %s", self._writer.name, self.away)
                if now - first_failure > AWAY_SECONDS:
                    raise DatabaseAway(str(error)) from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if first_failure:
                    self.away, self.away_since = "", None
                    logger.info("%s: the database is back", self._writer.name)
                return stored
