"""A worker's fair share of the slots: leased one by one, given back when others come."""

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Mapping

from django.conf import settings

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.models.slot_names import SlotName
from devices.monitoring import heartbeats
from devices.timings import SLOT_POLL_SECONDS
from mqtt_ingest.core.errors import IngestError
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from mqtt_ingest.storing import slots
from mqtt_ingest.storing.slots import Wanted
from mqtt_ingest.worker.slot import Hooks, Slot
from mqtt_ingest.worker.state_log import StateLog

logger = logging.getLogger("mqtt_ingest.worker.engine")
# A slot of an added broker that broke is tried again after so long.
BROKEN_SECONDS = 30.0


class SlotLeasing:
    """The slots that this worker holds."""

    def __init__(
        self,
        holder: str,
        hooks: Hooks,
        states: StateLog,
        database: DatabaseThread,
        embedded: EmbeddedSource | None = None,
    ) -> None:
        """Prepare.

        Args:
            holder: the process' name.
            hooks: what slots call.
            states: where states are recorded.
            database: a thread for short questions.
            embedded: the broker that is the one slot's source of packets.
        """
        self.slots: dict[SlotName, Slot] = {}
        # Whether the slots were looked at once.
        self.polled = False
        self._holder = holder
        self._hooks = hooks
        self._states = states
        self._database = database
        self._embedded = embedded
        self._running: dict[SlotName, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        # Until when slots of added brokers rest that broke.
        self._resting: dict[SlotName, float] = {}
        self._fair = settings.MQTT_SLOTS

    @property
    def held(self) -> list[Slot]:
        """Return the slots whose lease is held."""
        return [self.slots[name] for name in self._running]

    @property
    def unacknowledged(self) -> int:
        """Return how many packets wait for their commit."""
        return sum(slot.unacknowledged for slot in self.slots.values())

    async def run(self) -> None:
        """Hold a fair share, one more at a time; ends with an error that no retry can cure."""
        while True:
            try:
                await self._poll()
            except Unreachable as error:
                self._states.record("database", "away", str(error).partition("\n")[0])
            else:
                self._states.record("database", "reachable", "")
            # Slots are taken one after the other without a rest.
            missing = len(self._running) < self._fair
            await asyncio.sleep(SLOT_POLL_SECONDS / 4 if missing else SLOT_POLL_SECONDS)

    async def _poll(self) -> None:
        for name, task in list(self._running.items()):
            if task.done():
                self._ended(name, task)
        workers = await self._database.run(lambda: heartbeats.living("ingest"))
        wanted = {one.slot: one for one in await self._database.run(slots.wanted)}
        self._fair = math.ceil(len(wanted) / max(1, len(set(workers) | {self._holder})))
        self._drain_changed(wanted)
        if len(self._running) > self._fair:
            self.slots[max(self._running)].drain()
        elif len(self._running) < self._fair:
            await self._acquire_one(wanted.values())
        self.polled = True

    def _drain_changed(self, wanted: Mapping[SlotName, Wanted]) -> None:
        """Give back what is no more, or is held by what its broker was before it was changed.

        The broker keeps the session meanwhile, with what comes.
        """
        for name, slot in list(self.slots.items()):
            if slot.wanted == wanted.get(name):
                continue
            if name in self._running:
                slot.drain()
            else:
                self._close(name)

    async def _acquire_one(self, wanted: Iterable[Wanted]) -> None:
        now = time.monotonic()
        for one in wanted:
            if one.slot in self._running or self._resting.get(one.slot, now) > now:
                continue
            slot = self.slots.get(one.slot) or self._new(one)
            self.slots[one.slot] = slot
            if await slot.acquire():
                self._running[one.slot] = asyncio.create_task(slot.run(), name=slot.name)
                return

    def _new(self, wanted: Wanted) -> Slot:
        embedded = None if wanted.slot.broker else self._embedded
        return Slot(wanted, self._holder, self._hooks, embedded)

    def _close(self, name: SlotName) -> None:
        closing = asyncio.create_task(self.slots.pop(name).close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _ended(self, name: SlotName, task: "asyncio.Task[None]") -> None:
        """Drop a slot whose run has ended; only what a retry can cure may go on."""
        del self._running[name]
        self._states.changed.set()
        self._close(name)
        error = task.exception()
        if error is None:
            return
        if not isinstance(error, (IngestError, *Unreachable)):
            if not name.broker:
                raise error
            # A broker that somebody added ends nothing but its own slots, for a while.
            logger.error("%s: broke", name.text, exc_info=error)
            self._resting[name] = time.monotonic() + BROKEN_SECONDS
            return
        logger.warning("%s: lost: %s", name.text, str(error).partition("\n")[0])

    async def drain(self) -> None:
        """Finish what has arrived, and give every slot back."""
        for slot in self.slots.values():
            slot.drain()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def cancel(self) -> None:
        """Break off whatever still runs."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def close(self) -> None:
        """Close all connections, after everything has ended."""
        for slot in self.slots.values():
            await slot.close()
