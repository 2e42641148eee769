"""Where a slot's pipeline commits its batches; it waits while the database is away."""

import asyncio
import logging
import time

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.timings import DATABASE_AWAY_SECONDS, DATABASE_RETRY_SECONDS
from mqtt_ingest.core.errors import IngestError
from mqtt_ingest.core.packets import Batch, Entry
from mqtt_ingest.storing.slot_writer import SlotWriter
from mqtt_ingest.storing.stored import Stored

logger = logging.getLogger(__name__)


class DatabaseAway(IngestError):
    """The database has not answered for `DATABASE_AWAY_SECONDS`."""


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
            DatabaseAway: no answer for `DATABASE_AWAY_SECONDS`; nothing was stored.
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
                if now - first_failure > DATABASE_AWAY_SECONDS:
                    raise DatabaseAway(str(error)) from error
                await asyncio.sleep(DATABASE_RETRY_SECONDS)
            else:
                if first_failure:
                    self.away, self.away_since = "", None
                    logger.info("%s: the database is back", self._writer.name)
                return stored
