"""The ingest engine of one worker: its slots, and what runs beside them.

The slots end the engine when something breaks that no retry can cure. Background services
never do: `devices.background.services` supervises them.
"""

import asyncio
import logging
import os
import socket
import time
import uuid
from collections.abc import Coroutine
from typing import Any

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.background.garbage_collection import collect_rarely
from devices.background.services import Services
from devices.live import WatchTable, layer
from devices.monitoring import heartbeats
from mqtt_ingest import brokers, metrics
from mqtt_ingest.core.packets import Batch, Entry
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from mqtt_ingest.storing.stored import Stored
from mqtt_ingest.worker import watch_sets
from mqtt_ingest.worker.announcer import Announcer
from mqtt_ingest.worker.heartbeat import Heartbeat
from mqtt_ingest.worker.http_server import WorkerHttp
from mqtt_ingest.worker.slot import Hooks
from mqtt_ingest.worker.slot_leasing import SlotLeasing
from mqtt_ingest.worker.state_log import StateLog

logger = logging.getLogger(__name__)

# Live announcements are thinned, and background services rest, while more packets than
# this wait for their commit.
BUSY_PACKETS = 1_000


class Engine:
    """Runs until `stop`; ends with an error when something breaks for good."""

    def __init__(self, embedded: EmbeddedSource | None = None) -> None:
        """Prepare; with `embedded` that broker is the one slot's source of packets."""
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._broker = embedded.where if embedded else brokers.first().where
        self._watched = WatchTable()
        self._announcer = Announcer(self._watched, layer().group_send)
        self._database = DatabaseThread("ingest-beat")
        self._services = Services(self.name)
        states = StateLog()
        hooks = Hooks(on_entry=self._on_entry, on_stored=self._on_stored, on_state=states.record)
        self._slots = SlotLeasing(self.name, hooks, states, self._database, embedded)
        self._heartbeat = Heartbeat(self.name, self._slots, self._announcer, self._services, states)
        self._http = WorkerHttp(self._heartbeat)
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        """Return where other processes ask this one how it is."""
        return self._http.url

    @property
    def state(self) -> str:
        """Return `starting`, `up`, `idle` (other workers hold all slots) or `down`."""
        return self._heartbeat.state

    async def run(self) -> None:
        """Ingest until `stop` was called; then drain every slot and return."""
        collect_rarely()
        self._http.start()
        tasks = [asyncio.create_task(one) for one in self._parts()]
        services = self._services.run(lambda: self._is_busy)
        stopped = asyncio.create_task(self._stopped())
        try:
            await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
            tasks[0].cancel()
            await self._slots.drain()
        finally:
            for task in (stopped, *tasks, *services):
                task.cancel()
            await asyncio.gather(stopped, *tasks, *services, return_exceptions=True)
            await self._slots.cancel()
            await self._end()

    def stop(self) -> None:
        """Ask `run` to drain and end."""
        self._stopping.set()

    async def _stopped(self) -> None:
        await self._stopping.wait()

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs all the time, the leasing of slots first."""
        info = {"broker": self._broker, "http": self._http.url}
        return [
            self._slots.run(),
            self._announcer.run(),
            watch_sets.listen(self._watched),
            self._heartbeat.run(self._database, self._before_beat, info),
            self._heartbeat.tick(),
        ]

    async def _before_beat(self) -> None:
        self._watched.expire(time.monotonic())
        await self._announcer.probe()

    async def _end(self) -> None:
        try:
            await self._database.run(lambda: heartbeats.end(self.name))
        except Unreachable as error:
            logger.info("Cannot sign off from the database: %s", error)
        await self._slots.close()
        await self._services.close()
        await self._database.close()
        self._http.stop()

    # --- what the slots tell ------------------------------------------------
    def _on_entry(self, entry: Entry) -> None:
        self._heartbeat.on_entry(entry)

    def _on_stored(self, batch: Batch, stored: Stored) -> None:
        metrics.count(batch, stored)
        self._announcer.add(stored, busy=self._is_busy)

    @property
    def _is_busy(self) -> bool:
        """Return whether more waits for its commit than a few batches."""
        return self._slots.unacknowledged > BUSY_PACKETS
