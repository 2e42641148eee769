"""A worker's heartbeat, and what it tells of the worker: for /status, /healthz and metrics."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.background.services import Services
from devices.database_clock import clock_offset
from devices.events import set_within
from devices.monitoring import heartbeats
from devices.timings import HEARTBEAT_SECONDS, LOOP_STUCK_SECONDS, LOOP_TICK_SECONDS
from mqtt_ingest import metrics
from mqtt_ingest.core.packets import Entry
from mqtt_ingest.worker.announcer import Announcer
from mqtt_ingest.worker.packet_log import PacketLog
from mqtt_ingest.worker.slot import Slot
from mqtt_ingest.worker.slot_leasing import SlotLeasing
from mqtt_ingest.worker.state_log import StateLog

logger = logging.getLogger(__name__)

# Changes that come together are one heartbeat.
COALESCE_SECONDS = 0.1
# Summing up every figure costs more than the heartbeat itself.
TOTALS_SECONDS = 5.0
# Beats between two looks at the database's clock, and at old rows.
CLOCK_BEATS, FORGET_BEATS = 2, 30


def grouped(slots: Iterable[Slot]) -> list[list[Slot]]:
    """Return `slots` by broker."""
    found: dict[str, list[Slot]] = {}
    for slot in slots:
        found.setdefault(slot.wanted.slot.broker, []).append(slot)
    return list(found.values())


class Heartbeat:
    """Reads off all parts of the worker; changes none of them."""

    def __init__(
        self,
        name: str,
        slots: SlotLeasing,
        announcer: Announcer,
        services: Services,
        states: StateLog,
    ) -> None:
        """Prepare; `name` is the process'."""
        self.name = name
        self.packets = PacketLog()
        self.last_packet = 0
        self._slots = slots
        self._announcer = announcer
        self._services = services
        self._states = states
        self._started = time.time()
        self._ticked = time.monotonic()
        self._loop_lag = 0.0
        self._clock_offset = 0.0
        self._known_up: float | None = None
        self._totals: dict[str, float] = {}
        self._summed_at = -TOTALS_SECONDS
        self._counted = 0

    def on_entry(self, entry: Entry) -> None:
        """Remember a packet that came in."""
        self.last_packet = entry.packet.received_at
        self.packets.add(entry)

    async def run(
        self, database: DatabaseThread, before: Callable[[], Awaitable[None]], info: dict[str, Any]
    ) -> None:
        """Write the heartbeat row; ends when cancelled.

        Args:
            database: a thread for short questions.
            before: is awaited before each beat.
            info: what never changes, to be told with the rest.
        """
        turn = 0
        while True:
            await before()
            try:
                await database.run(partial(self._beat, turn, info))
            except Unreachable as error:
                logger.debug("No heartbeat: %s", error)
            turn += 1
            if await set_within(self._states.changed, HEARTBEAT_SECONDS):
                await asyncio.sleep(COALESCE_SECONDS)
            self._states.changed.clear()

    async def tick(self) -> None:
        """Measure the event loop's own delay; ends when cancelled."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LOOP_TICK_SECONDS)
            self._ticked = time.monotonic()
            self._loop_lag = max(0.0, self._ticked - before - LOOP_TICK_SECONDS)
            metrics.LOOP_LAG_SECONDS.set(self._loop_lag)

    def _beat(self, turn: int, info: dict[str, Any]) -> None:
        if turn % CLOCK_BEATS == 0:
            self._clock_offset = clock_offset()
        told = {**self.condition(), **info, "totals": self._sums()}
        heartbeats.beat(self.name, "ingest", self._started, self.state, told)
        if turn % FORGET_BEATS == 0:
            heartbeats.forget_old()

    @property
    def is_alive(self) -> bool:
        """Return whether the event loop still turns."""
        return time.monotonic() - self._ticked < LOOP_STUCK_SECONDS

    @property
    def state(self) -> str:
        """Return `starting`, `up`, `idle` (other workers hold all slots) or `down`."""
        if self._states.database_away is not None:
            return "down"
        if not self._slots.held:
            return "idle" if self._slots.polled else "starting"
        # Where one broker of several is away, packets still come in.
        by_broker = grouped(self._slots.held)
        is_up = any(all(slot.state == "subscribed" for slot in one) for one in by_broker)
        return "up" if is_up else "down"

    def condition(self) -> dict[str, Any]:
        """Return how this worker is: what conditions are made of."""
        return {
            "slots": {slot.name: slot.describe() for slot in self._slots.held},
            "database": self._states.database_away or "",
            "layer": self._announcer.failing,
            "loop_lag_s": round(self._loop_lag, 3),
            "clock_offset_s": self._clock_offset,
            "services": self._services.status(),
            "last_packet_ms": self.last_packet / 1_000 or None,
            "last_up": self._last_up(),
        }

    def measure(self) -> None:
        """Bring the metrics that are read off up to date."""
        metrics.PACKETS.inc(max(0, self.packets.number - self._counted))
        self._counted = self.packets.number
        metrics.UNACKNOWLEDGED.set(self._slots.unacknowledged)
        metrics.SLOTS.set(len(self._slots.held))
        metrics.ANNOUNCED.set(self._announcer.sent)
        metrics.THINNED.set(self._announcer.thinned)
        metrics.ANNOUNCE_FAILED.set(self._announcer.failed)

    def _sums(self) -> dict[str, float]:
        if time.monotonic() - self._summed_at > TOTALS_SECONDS:
            self.measure()
            self._totals, self._summed_at = metrics.totals(), time.monotonic()
        return self._totals

    def _last_up(self) -> float | None:
        """Return until when the slots that are to receive did, in s since 1970; None: never yet.

        Of several brokers: until one of them still let packets in.
        """
        by_broker = grouped([slot for slot in self._slots.held if not slot.stands_by])
        moments = [[slot.last_up for slot in one] for one in by_broker]
        whole = [min(moment for moment in one if moment) for one in moments if all(one)]
        if whole:
            self._known_up = max(whole)
        # Slots that are made anew have not been up; this worker has.
        return self._known_up
