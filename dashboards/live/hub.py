"""What all sockets of one web process share.

- the watch set that workers announce for;
- healing: once a second the change log is compared with the events that came,
  and what was lost on the layer is read again;
- device states, fleet counts and the pipeline's health, read once for everybody.
"""

import asyncio
import logging
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.db import Error
from django.utils import timezone

from dashboards.threads import in_thread
from devices import changes, corrections, health, live, overview, queries
from devices.live import INGEST_GROUP, WATCH_SECONDS, WEB_GROUP, ReadingsStored, watch_set
from devices.models import Device
from devices.states import since_of, state_of

if TYPE_CHECKING:
    from dashboards.live.session import LiveSession

logger = logging.getLogger(__name__)

HEAL_SECONDS = 1.0
STATE_SECONDS = 2.0
JOB_SECONDS = 1.0
DeviceState = dict[str, Any]


class Hub:
    """One per event loop; its tasks run while there are sockets."""

    _hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()

    def __init__(self) -> None:
        self.sessions: set[LiveSession] = set()
        self.health: health.IngestHealth = {"state": "unknown", "last_packet": None, "lag_ms": None}
        self.fleet: dict[int | None, overview.SiteCounts] = {}
        self.states: dict[int, DeviceState] = {}
        self._name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._started = time.time()
        self._layer = live.layer()
        self._watched: Counter[int] = Counter()
        self._watch_changed = asyncio.Event()
        self._look_again = asyncio.Event()
        self._seen: dict[tuple[str, int], dict[int, float]] = {}
        self._position: changes.Cursor | None = None
        self._unconfirmed: list[changes.Touched] = []
        # Series with a higher pk are younger than this hub.
        self._newest_series = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._away = False
        # Announcements that were lost on the layer and read again, since the start.
        self.healed = 0

    @classmethod
    def current(cls) -> "Hub":
        """Return the hub of the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in cls._hubs:
            cls._hubs[loop] = cls()
        return cls._hubs[loop]

    @classmethod
    def all(cls) -> "list[Hub]":
        """Return the hubs of this process, for its metrics."""
        return list(cls._hubs.values())

    @property
    def watched_devices(self) -> int:
        """Return how many devices open pages show."""
        return len(self._watched)

    # --- sockets come and go ------------------------------------------------
    def enter(self, session: "LiveSession") -> None:
        """Take a socket in; the first one starts the tasks."""
        self.sessions.add(session)
        if not self._tasks:
            works = (self._announce, self._hear, self._heal, self._look, self._look_at_jobs)
            self._tasks = [asyncio.create_task(work(), name=work.__name__) for work in works]

    def leave(self, session: "LiveSession") -> None:
        """Let a socket go; without any, the tasks end."""
        self.sessions.discard(session)
        if not self.sessions:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self._position, self._unconfirmed = None, []
            self._seen.clear()

    def watch(self, devices: Iterable[int]) -> None:
        """Count one more socket on each of `devices`."""
        self._watched.update(devices)
        self._watch_changed.set()
        self._look_again.set()

    def unwatch(self, devices: Iterable[int]) -> None:
        """Count one socket less on each of `devices`."""
        self._watched.subtract(devices)
        self._watched = +self._watched
        self._watch_changed.set()

    def saw(self, event: ReadingsStored) -> None:
        """Note that an event came, so that healing need not read it again."""
        seen = self._seen.setdefault((event["writer"], event["device"]), {})
        now = time.monotonic()
        for seq in event["seqs"]:
            seen[seq] = now

    def look_again(self) -> None:
        """Read states and counts again now: something was announced."""
        self._look_again.set()

    # --- telling the workers ------------------------------------------------
    async def _announce(self) -> None:
        while True:
            self._watch_changed.clear()
            try:
                await self._layer.group_send(INGEST_GROUP, watch_set(self._name, self._watched))
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                logger.info("Cannot tell the workers what is watched: %s", error)
                await asyncio.sleep(1.0)
                continue
            try:
                await asyncio.wait_for(self._watch_changed.wait(), WATCH_SECONDS)
            except TimeoutError:
                continue
            await asyncio.sleep(0.02)  # a page subscribes several times at once

    async def _hear(self) -> None:
        """Answer workers that start and ask."""
        while True:
            try:
                channel = await self._layer.new_channel()
                await self._layer.group_add(WEB_GROUP, channel)
                while True:
                    if (await self._layer.receive(channel))["type"] == "watch.ask":
                        self._watch_changed.set()
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                logger.info("Cannot hear the workers: %s", error)
                await asyncio.sleep(1.0)

    # --- healing ------------------------------------------------------------
    async def _heal(self) -> None:
        while True:
            try:
                await self._heal_once()
            except Error as error:
                self._note_database(error)
            await asyncio.sleep(HEAL_SECONDS)

    async def _heal_once(self) -> None:
        """Read again what was committed over a second ago and was not announced to us."""
        newest = await in_thread(queries.read_cursor)
        if self._position is None:
            self._position, self._newest_series = newest, await in_thread(queries.newest_series)
        position = {writer: self._position.get(writer, 0) for writer in newest}
        found = await in_thread(lambda: changes.since(position)) if position != newest else []
        lost, self._unconfirmed = self._unconfirmed, found
        for touched in found:
            position[touched.writer] = touched.seq
        self._position = {
            writer: max(seq, seq if _cut_off(found, writer) else newest[writer])
            for writer, seq in position.items()
        }
        for touched in lost:
            self._heal_batch(touched)
        await self._heal_new_series(lost)
        self._forget_seen()

    def _heal_batch(self, touched: changes.Touched) -> None:
        for session in list(self.sessions):
            for pk, low, high in touched.spans:
                device = session.device_of(pk)
                if device is None:
                    continue
                if touched.writer == corrections.WRITER:
                    session.reload(pk)
                elif touched.seq not in self._seen.get((touched.writer, device), {}):
                    self.healed += 1
                    session.heal(pk, low, high, touched.writer, touched.seq)

    async def _heal_new_series(self, lost: list[changes.Touched]) -> None:
        """Tell sessions of series that began; their first event may have been lost."""
        pks = {pk for touched in lost for pk, _low, _high in touched.spans}
        new = sorted(pk for pk in pks if pk > self._newest_series)
        if not new:
            return
        self._newest_series = new[-1]
        devices = await in_thread(lambda: queries.devices_of(new))
        for session in list(self.sessions):
            session.series_began(devices)

    def _forget_seen(self) -> None:
        old = time.monotonic() - 10 * HEAL_SECONDS
        self._seen = {
            key: kept
            for key, seqs in self._seen.items()
            if (kept := {seq: at for seq, at in seqs.items() if at > old})
        }

    def _note_database(self, error: Error | None) -> None:
        """Log one line when the database goes, and one when it is back."""
        away = error is not None
        if away and not self._away:
            logger.warning("The database is away: %s", str(error).partition("\n")[0])
        elif self._away and not away:
            logger.info("The database is back")
        self._away = away

    # --- states, counts, health ---------------------------------------------
    async def _look(self) -> None:
        """Read device states, fleet counts and health, every two seconds or when told."""
        while True:
            self._look_again.clear()
            try:
                await self._look_once()
                self._note_database(None)
            except Error as error:
                self.health = {**self.health, "state": "down"}
                self._note_database(error)
            try:
                await asyncio.wait_for(self._look_again.wait(), STATE_SECONDS)
            except TimeoutError:
                continue
            await asyncio.sleep(0.05)

    async def _look_at_jobs(self) -> None:
        """Have pages that show jobs read how far they are, once a second."""
        while True:
            await asyncio.sleep(JOB_SECONDS)
            for session in list(self.sessions):
                session.look_at_jobs()

    async def _look_once(self) -> None:
        watched = list(self._watched)
        wants_fleet = any(session.wants_fleet for session in self.sessions)
        states = await in_thread(lambda: read_states(watched))
        fleet = await in_thread(lambda: overview.fleet(timezone.now())) if wants_fleet else {}
        self.health = await in_thread(lambda: self._read_health(len(watched)))
        changed = {pk for pk, state in states.items() if self.states.get(pk) != state}
        fleet_changed, self.fleet, self.states = fleet != self.fleet, fleet, states
        for session in list(self.sessions):
            session.devices_changed(changed)
            if fleet_changed:
                session.fleet_changed()

    def _read_health(self, watched: int) -> health.IngestHealth:
        info = {
            "sockets": len(self.sessions),
            "watched_devices": watched,
            "healed": self.healed,
        }
        health.beat(self._name, "web", self._started, "up", info)
        return health.ingest_health()


def _cut_off(found: list[changes.Touched], writer: str) -> bool:
    """Return whether there is more of `writer` in the log than one read brings."""
    return sum(touched.writer == writer for touched in found) >= changes.LIMIT


def read_states(devices: list[int]) -> dict[int, DeviceState]:
    """Return state and since (ms) of each device, by pk."""
    now = timezone.now()
    found: dict[int, DeviceState] = {}
    for start in range(0, len(devices), 500):
        for device in Device.objects.filter(pk__in=devices[start : start + 500]):
            since = since_of(device, now)
            found[device.pk] = {
                "state": state_of(device, now),
                "since": None if since is None else round(since.timestamp() * 1_000),
            }
    return found
