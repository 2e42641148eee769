"""The ingest engine: slots, announcements, heartbeat and housekeeping of one worker."""

import asyncio
import logging
import math
import os
import socket
import time
import uuid
from dataclasses import asdict
from typing import Any

from django.conf import settings

from devices import live
from devices.background.garbage_collection import collect_rarely
from devices.background.leases import DutyLost
from devices.events import set_within
from devices.jobs import runner
from devices.jobs.runner import Runner
from devices.live import INGEST_GROUP, WEB_GROUP, WatchTable
from devices.monitoring import heartbeats
from devices.outages import Outage
from devices.registry import purge
from devices.retention.sweeper import Sweeper
from devices.rollups.roller import Roller
from mqtt_ingest import conf, metrics
from mqtt_ingest.broker.embedded import EmbeddedSource
from mqtt_ingest.core.errors import IngestError
from mqtt_ingest.core.packets import Batch, Entry, Stored
from mqtt_ingest.storing import slot_leases
from mqtt_ingest.storing.sink import DatabaseThread, Unreachable
from mqtt_ingest.worker.announcer import Announcer
from mqtt_ingest.worker.http_server import WorkerHttp
from mqtt_ingest.worker.packet_log import PacketLog
from mqtt_ingest.worker.slot import Hooks, Slot

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SURPLUS_LOOKS = 5
BEAT_SECONDS = 2.0
# Changes that come together are one heartbeat.
COALESCE_SECONDS = 0.1
TICK_SECONDS = 2.0
END_SECONDS = 3.0
# Summing up every figure costs more than the heartbeat itself.
TOTALS_SECONDS = 5.0
# New jobs are looked for so often; while packets wait, a step rests.
JOB_SECONDS, JOB_BUSY_SECONDS = 2.0, 0.5
# When a quarter of an hour has ended, rollups are made at once.
ROLL_SECONDS = 10.0
ROLL_RETRY_SECONDS = 10.0
# What is too old, and the disk, are looked at now and then; a step of removing rests a moment.
SWEEP_SECONDS, SWEEP_REST_SECONDS = 30.0, 0.05
# Live announcements are thinned, and rollups wait, while more packets than this wait for
# their commit.
BUSY_PACKETS = 1_000


class Engine:
    """Runs until `stop`; ends with an error when something breaks for good."""

    def __init__(self, embedded: EmbeddedSource | None = None) -> None:
        """Prepare; with `embedded` that broker is the one slot's source of packets."""
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.packets = PacketLog()
        self.slots: dict[int, Slot] = {}
        self.states: dict[str, tuple[str, str]] = {}
        self.last_packet = 0
        self._embedded = embedded
        self._layer = live.layer()
        self._watched = WatchTable()
        self._announcer = Announcer(self._watched, self._layer.group_send)
        self._database = DatabaseThread("ingest-beat")
        self._rollups = DatabaseThread("rollups")
        self._roller = Roller(self.name)
        self._roll_failure = ""
        self._upkeep = DatabaseThread("upkeep")
        self._sweeper = Sweeper(self.name)
        self._sweep_failure = ""
        self._jobs = DatabaseThread("jobs")
        self._runner = Runner(self.name)
        self._tenures: dict[int, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        # Something that pages are to know at once: the heartbeat does not wait for its time.
        self._changed = asyncio.Event()
        self._known_up: float | None = None
        self._looked = False
        self._looks = 0
        self._surplus: list[int] = []
        self._fair = settings.MQTT_SLOTS
        self._started = time.time()
        self._ticked = time.monotonic()
        self._loop_lag = 0.0
        self._clock_offset = 0.0
        self._totals: dict[str, float] = {}
        self._summed_at = -TOTALS_SECONDS
        self._counted = 0
        self._http = WorkerHttp(self)

    async def run(self) -> None:
        """Ingest until `stop` was called; then drain every slot and return."""
        collect_rarely()
        self._http.start()
        helpers = [
            asyncio.create_task(work(), name=work.__name__)
            for work in (
                *(self._announcer.run, self._hear, self._beat),
                *(self._tidy, self._roll, self._sweep, self._work, self._tick),
            )
        ]
        leasing = asyncio.create_task(self._lease_slots(), name="lease slots")
        try:
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([leasing, stopped, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in (leasing, *helpers):
                if task.done():
                    task.result()
            leasing.cancel()
            await self._drain()
        finally:
            for task in (leasing, *helpers, *self._tenures.values()):
                task.cancel()
            await asyncio.gather(leasing, *helpers, *self._tenures.values(), return_exceptions=True)
            await self._end()

    def stop(self) -> None:
        """Ask `run` to drain and end."""
        self._stopping.set()

    async def _drain(self) -> None:
        for slot in self.slots.values():
            slot.drain()
        await asyncio.gather(*self._tenures.values(), return_exceptions=True)

    async def _end(self) -> None:
        try:
            await self._database.run(lambda: heartbeats.end(self.name))
        except Unreachable as error:
            logger.info("Cannot sign off from the database: %s", error)
        for slot in self.slots.values():
            await slot.close()
        try:
            # Its step may be in the middle of a statement; then the lease ends by itself.
            async with asyncio.timeout(END_SECONDS):
                await self._rollups.run(self._roller.release)
                await self._rollups.close()
                await self._upkeep.run(self._sweeper.release)
                await self._upkeep.close()
                await self._jobs.run(self._runner.release)
                await self._jobs.close()
        except (TimeoutError, *Unreachable) as error:
            logger.info("Cannot give back the duties: %s", error)
        await self._database.close()
        self._http.stop()

    # --- slots --------------------------------------------------------------
    async def _lease_slots(self) -> None:
        """Hold this worker's fair share of the slots, one more at a time."""
        while True:
            try:
                await self._look()
            except Unreachable as error:
                self._note("database", "away", str(error).partition("\n")[0])
            else:
                self._note("database", "reachable", "")
            # Slots are taken one after the other without a rest.
            missing = len(self._tenures) < self._fair
            await asyncio.sleep(LOOK_SECONDS / 4 if missing else LOOK_SECONDS)

    async def _look(self) -> None:
        for number, task in list(self._tenures.items()):
            if task.done():
                self._over(number, task)
        workers = await self._database.run(lambda: heartbeats.living("ingest"))
        if self._looks % SURPLUS_LOOKS == 0:
            # Slots are seldom taken away.
            self._surplus = await self._database.run(
                lambda: slot_leases.surplus(settings.MQTT_SLOTS)
            )
        self._looks += 1
        numbers = [*range(settings.MQTT_SLOTS), *self._surplus]
        fair = math.ceil(len(numbers) / max(1, len(set(workers) | {self.name})))
        self._fair = fair
        if len(self._tenures) > fair:
            self.slots[max(self._tenures)].drain()
        elif len(self._tenures) < fair:
            await self._take_one(numbers)
        self._looked = True

    async def _take_one(self, numbers: list[int]) -> None:
        for number in numbers:
            if number in self._tenures:
                continue
            hooks = Hooks(on_entry=self._on_entry, on_stored=self._on_stored, on_state=self._note)
            slot = self.slots.get(number) or Slot(number, self.name, hooks, self._embedded)
            self.slots[number] = slot
            if await slot.acquire():
                self._tenures[number] = asyncio.create_task(slot.hold(), name=slot.name)
                return

    def _over(self, number: int, task: asyncio.Task[None]) -> None:
        """Take note of an ended tenure; only what a retry can cure may go on."""
        del self._tenures[number]
        self._changed.set()
        # A slot that was retired is none any more.
        self._looks = 0
        closing = asyncio.create_task(self.slots.pop(number).close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        error = task.exception()
        if error is None:
            return
        if not isinstance(error, (IngestError, *Unreachable)):
            raise error
        logger.warning("ingest-%s: lost: %s", number, str(error).partition("\n")[0])

    # --- what the slots tell ------------------------------------------------
    def _on_entry(self, entry: Entry) -> None:
        self.last_packet = entry.packet.received_at
        self.packets.add(entry)

    def _on_stored(self, batch: Batch, stored: Stored) -> None:
        metrics.count(batch, stored)
        self._announcer.add(stored, busy=self._is_busy)

    def _note(self, name: str, state: str, detail: str) -> None:
        """Log one line per change of state."""
        if self.states.get(name, ("", ""))[0] == state:
            return
        self.states[name] = (state, detail)
        self._changed.set()
        if state == "lost":
            metrics.CONNECTIONS_LOST.inc()
        bad = state in {"lost", "refused", "unreachable", "away", "deaf"}
        logger.log(logging.WARNING if bad else logging.INFO, "%s: %s %s", name, state, detail)

    # --- the other processes ------------------------------------------------
    async def _hear(self) -> None:
        """Learn what web processes watch; ask for it at the start."""
        deaf = Outage(logger, "Cannot hear what pages watch")
        while True:
            try:
                channel = await self._layer.new_channel()
                await self._layer.group_add(INGEST_GROUP, channel)
                await self._layer.group_send(WEB_GROUP, {"type": "watch.ask"})
                deaf.works()
                while True:
                    message = await self._layer.receive(channel)
                    if message["type"] == "watch.set":
                        self._watched.take(message)
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                deaf.fails(error)
                await asyncio.sleep(1.0)

    async def _beat(self) -> None:
        """Write the heartbeat row that /status reads."""
        turn = 0
        while True:
            await self._announcer.probe()
            try:
                if turn % 2 == 0:
                    self._clock_offset = await self._database.run(heartbeats.clock_offset)
                await self._database.run(
                    lambda: heartbeats.beat(
                        self.name, "ingest", self._started, self.state, self.describe()
                    )
                )
                if turn % 30 == 0:
                    await self._database.run(heartbeats.forget_old)
            except Unreachable as error:
                logger.debug("No heartbeat: %s", error)
            turn += 1
            self._watched.expire(time.monotonic())
            if await set_within(self._changed, BEAT_SECONDS):
                await asyncio.sleep(COALESCE_SECONDS)
            self._changed.clear()

    async def _tidy(self) -> None:
        """Remove readings of deleted devices, a step at a time."""
        while True:
            try:
                gone = await self._database.run(purge.purge_step)
            except Unreachable:
                gone = 0
            await asyncio.sleep(0.1 if gone else 5.0)

    async def _roll(self) -> None:
        """Make rollups while this worker holds that duty; under load, only now and then."""
        while True:
            more, wait = False, ROLL_SECONDS
            try:
                more = await self._rollups.run(self._roller.step)
                wait = min(wait, self._roller.due_s)
                self._roll_failure = ""
            except DutyLost as error:
                logger.info("Rollups: %s", error)
            except Unreachable as error:
                logger.debug("No rollups: %s", error)
            except Exception as error:
                # Storing goes on: reads take the readings where there are no rollups.
                if not self._roll_failure:
                    logger.exception("Rollups fail; trying again every %.0f s", ROLL_RETRY_SECONDS)
                self._roll_failure, wait = str(error).partition("\n")[0], ROLL_RETRY_SECONDS
            await asyncio.sleep(wait if not more or self._is_busy else 0.0)

    async def _sweep(self) -> None:
        """Remove what no policy keeps, and files of old jobs; watch the disk."""
        while True:
            more = False
            try:
                more = await self._upkeep.run(lambda: self._sweeper.step() or runner.tidy())
                self._sweep_failure = ""
            except DutyLost as error:
                logger.info("Retention: %s", error)
            except Unreachable as error:
                logger.debug("No retention: %s", error)
            except Exception as error:
                # Storing goes on; what is too old stays a while longer.
                if not self._sweep_failure:
                    logger.exception("Retention fails; trying again every %.0f s", SWEEP_SECONDS)
                self._sweep_failure = str(error).partition("\n")[0]
            rests = not more or self._is_busy
            await asyncio.sleep(SWEEP_SECONDS if rests else SWEEP_REST_SECONDS)

    async def _work(self) -> None:
        """Do jobs, a step at a time; storing comes first."""
        while True:
            more = False
            try:
                more = await self._jobs.run(self._runner.step)
            except Unreachable as error:
                logger.debug("No jobs: %s", error)
            if self._is_busy:
                await asyncio.sleep(JOB_BUSY_SECONDS)
            else:
                await asyncio.sleep(0.0 if more else JOB_SECONDS)

    async def _tick(self) -> None:
        """Measure the event loop's own delay; /healthz looks at the last tick."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self._ticked = time.monotonic()
            self._loop_lag = max(0.0, self._ticked - before - TICK_SECONDS)
            metrics.LOOP_LAG_SECONDS.set(self._loop_lag)

    # --- how it is ----------------------------------------------------------
    @property
    def url(self) -> str:
        """Return where other processes ask this one how it is."""
        return self._http.url

    @property
    def _is_busy(self) -> bool:
        """Return whether more waits for its commit than a few batches."""
        return sum(slot.unacknowledged for slot in self.slots.values()) > BUSY_PACKETS

    @property
    def is_alive(self) -> bool:
        """Return whether the event loop still turns."""
        return time.monotonic() - self._ticked < 10.0

    @property
    def state(self) -> str:
        """Return `starting`, `up`, `idle` (other workers hold all slots) or `down`."""
        if self.states.get("database", ("reachable", ""))[0] == "away":
            return "down"
        if not self._tenures:
            return "idle" if self._looked else "starting"
        good = all(self.slots[number].state == "subscribed" for number in self._tenures)
        return "up" if good else "down"

    def measure(self) -> None:
        """Bring the metrics that are read off up to date."""
        metrics.PACKETS.inc(max(0, self.packets.number - self._counted))
        self._counted = self.packets.number
        metrics.UNACKNOWLEDGED.set(sum(slot.unacknowledged for slot in self.slots.values()))
        metrics.SLOTS.set(len(self._tenures))
        metrics.ANNOUNCED.set(self._announcer.sent)
        metrics.THINNED.set(self._announcer.thinned)
        metrics.ANNOUNCE_FAILED.set(self._announcer.failed)

    def condition(self) -> dict[str, Any]:
        """Return how this worker is: what conditions are made of."""
        state, detail = self.states.get("database", ("reachable", ""))
        return {
            "slots": {
                self.slots[number].name: self.slots[number].describe() for number in self._tenures
            },
            "database": detail if state == "away" else "",
            "layer": self._announcer.failing,
            "loop_lag_s": round(self._loop_lag, 3),
            "clock_offset_s": self._clock_offset,
            "rollups_behind_s": round(self._roller.behind_s, 1),
            "rollups_failing": self._roll_failure,
            "retention_failing": self._sweep_failure,
            "disk": asdict(self._sweeper.disk),
            "last_packet_ms": self.last_packet / 1_000 or None,
            "last_up": self._last_up(),
        }

    def _last_up(self) -> float | None:
        """Return until when the slots that are to receive did, in s since 1970; None: never yet."""
        held = (self.slots[number] for number in self._tenures)
        moments = [slot.last_up for slot in held if not slot.stands_by]
        if moments and all(moments):
            self._known_up = min(moment for moment in moments if moment)
        # Slots that are made anew have not been up; this worker has.
        return self._known_up

    def describe(self) -> dict[str, Any]:
        """Return what the heartbeat row tells about this worker."""
        if time.monotonic() - self._summed_at > TOTALS_SECONDS:
            self.measure()
            self._totals, self._summed_at = metrics.totals(), time.monotonic()
        return {
            **self.condition(),
            "broker": self._embedded.where if self._embedded else conf.broker().where,
            "http": self._http.url,
            "totals": self._totals,
        }
