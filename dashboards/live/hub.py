"""What all sockets of one web process share.

- the channel that hears of devices, in `groups`; the watch set that workers announce for;
- healing: what was lost on the layer is read again;
- device states, fleet counts and the pipeline's health, read once for everybody.
"""

import asyncio
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast
from weakref import WeakKeyDictionary

from django.db import Error
from django.utils import timezone

from dashboards.live.encoded_events import encode
from dashboards.live.frame_pace import FramePace
from dashboards.live.layer_groups import LayerGroups
from dashboards.live.listener import Listener
from dashboards.live.reconciliation import Lost, Reconciler, WentBack
from dashboards.live.rooms import Presence
from dashboards.live.shutdown import before_stop
from dashboards.logbook import reading
from dashboards.read_pool import in_thread
from devices import live, queries
from devices.access import revocation
from devices.alarms import numbers
from devices.changelog.changes import Cursor
from devices.events import set_within
from devices.live import INGEST_GROUP, WEB_GROUP, ReadingsStored, watch_set
from devices.monitoring import heartbeats, losses
from devices.queries import SeriesInfo
from devices.registry import listing
from devices.registry.states import DeviceState, milliseconds, read_states
from devices.timings import RECONCILE_SECONDS, WATCH_SECONDS

logger = logging.getLogger(__name__)

STATE_SECONDS = 2.0
# A database that hangs tells no error: after so long without an answer it is away.
SILENT_SECONDS = 10.0
JOB_SECONDS = 1.0
# Between looks for notes and alarms; and how often others are told who is here.
NOTE_SECONDS, HERE_SECONDS = 1.0, 5.0
# Losses that are older were there when the page was.
LATELY_SECONDS = 600
# Before the first look.
_UNKNOWN: heartbeats.IngestHealth = {
    "state": "unknown",
    "last_packet": None,
    "lag_ms": None,
    "since": None,
    "ahead_ms": 0,
}


class Hub:
    """One per event loop; it looks all the time, its other tasks run while there are sockets."""

    _hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()

    def __init__(self) -> None:
        self.sessions: set[Listener] = set()
        self.health = _UNKNOWN
        self.fleet: dict[int | None, listing.SiteCounts] = {}
        self.states: dict[int, DeviceState] = {}
        # Batches whose news every session has, by event or healed.
        self.confirmed: Cursor = {}
        # Announcements that were lost on the layer and read again, since the start.
        self.healed = 0
        self._name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._started = time.time()
        self.pace = FramePace()
        self.presence = Presence()
        self._newest_note = 0
        self._layer = live.layer()
        self._groups: LayerGroups[Listener] = LayerGroups(self._hear)
        self._reconciler = Reconciler()
        # Kind and device of every series that somebody shows; tidied up once a second.
        self._kinds: dict[int, str] = {}
        self._devices: dict[int, int] = {}
        self._ready = asyncio.Event()
        self._watch_changed = asyncio.Event()
        self._look_again = asyncio.Event()
        # When the database told last how things are: monotonic, and by the clock.
        self._looked_at = time.monotonic()
        self._known_at = timezone.now()
        self._tasks: list[asyncio.Task[None]] = []
        # These run as long as the process lives, once `begin` was called.
        self._lasting: list[asyncio.Task[None]] = []
        # Held while the row of this process is written, so that none comes after its end.
        self._row = threading.Lock()
        self._ended = False
        self._away = False

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
        return len(self._groups.devices)

    def begin(self) -> None:
        """Look from now on, sockets or not: this process is alive, and knows how ingest is."""
        if not self._lasting:
            works = (self._beat, self._look)
            self._lasting = [asyncio.create_task(work(), name=work.__name__) for work in works]
            before_stop(self._sign_off)

    async def _beat(self) -> None:
        """Write the heartbeat of this process, every two seconds."""
        while True:
            try:
                await in_thread(self._write_row)
            except Error as error:
                logger.debug("No heartbeat: %s", error)
            except Exception:
                logger.exception("No heartbeat; trying again")
            await asyncio.sleep(STATE_SECONDS)

    def _write_row(self) -> None:
        info = {
            "sockets": len(self.sessions),
            "watched_devices": self.watched_devices,
            "healed": self.healed,
        }
        with self._row:
            if not self._ended:
                heartbeats.beat(self._name, "web", self._started, "up", info)

    async def _sign_off(self) -> None:
        """Say that this process ends in good order: nobody misses it."""
        for task in self._lasting:
            task.cancel()
        try:
            await in_thread(self._end_row)
        except Error as error:
            logger.info("Cannot sign off from the database: %s", error)

    def _end_row(self) -> None:
        with self._row:
            self._ended = True
            heartbeats.end(self._name)

    # --- sockets come and go ------------------------------------------------
    def enter(self, session: Listener) -> None:
        """Take a socket in; the first one starts the tasks."""
        self.sessions.add(session)
        if not self._tasks:
            groups = self._groups
            works = [groups.receive, groups.stay, self._announce, self._repair, self._look_at_jobs]
            works += [self._look_at_notes, self._look_at_alarms, self.pace.watch_loop]
            if not self._lasting:
                works += [self._beat, self._look]
            self._tasks = [asyncio.create_task(work(), name=work.__name__) for work in works]

    def leave(self, session: Listener, devices: Iterable[int]) -> None:
        """Let a socket go that showed `devices`; without any, the tasks end."""
        self.sessions.discard(session)
        self._groups.forget(session, devices)
        self._watch_changed.set()
        if not self.sessions:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self._ready.clear()
            self._reconciler, self.confirmed = Reconciler(), {}

    async def ready(self) -> None:
        """Wait until healing has begun: nothing that is committed from now on can be missed."""
        await self._ready.wait()

    async def watch(self, session: Listener, more: Iterable[int], less: Iterable[int] = ()) -> None:
        """Have `session` hear of the devices `more`, and no longer of `less`."""
        await self._groups.join(session, more)
        await self._groups.leave(session, less)
        self._watch_changed.set()
        self._look_again.set()

    def look_again(self) -> None:
        """Read states and counts again now: something was announced."""
        self._look_again.set()

    # --- what the layer brings ----------------------------------------------
    def _hear(self, event: dict[str, Any]) -> None:
        """Hand an event to the sessions that show its device."""
        match event["type"]:
            case "readings.stored":
                stored = cast("ReadingsStored", event)
                self._reconciler.saw(stored)
                news = encode(stored, self._kinds)
                for session in self._groups.members(news.device):
                    session.stored(news)
            case "watch.ask":
                self._watch_changed.set()
            case "room.here":
                if event["process"] != self._name:
                    self.presence.take(event["process"], event["rooms"])
            case "device.status" | "fleet.changed":
                self._look_again.set()

    async def _announce(self) -> None:
        """Tell the workers what is watched: when that changes, and every few seconds."""
        while True:
            self._watch_changed.clear()
            try:
                message = watch_set(self._name, self._groups.devices)
                await self._layer.group_send(INGEST_GROUP, message)
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                logger.info("Cannot tell the workers what is watched: %s", error)
                await asyncio.sleep(1.0)
                continue
            if not await set_within(self._watch_changed, WATCH_SECONDS):
                continue
            await asyncio.sleep(0.02)  # a page subscribes several times at once

    # --- healing ------------------------------------------------------------
    async def _repair(self) -> None:
        while True:
            try:
                newest, found = await in_thread(self._reconciler.look)
                confirmed, before = self._reconciler.step(newest, found)
                self._ready.set()
                await self._tell_lost(self._reconciler.lost(before, self._known()))
                if confirmed and newest.get(revocation.WRITER) != confirmed.get(revocation.WRITER):
                    self._tell_rights()
                self.confirmed = confirmed
            except WentBack:
                self._start_over()
                continue
            except Error as error:
                self._note_database(error)
            except Exception:
                logger.exception("Healing failed; it goes on")
            await asyncio.sleep(RECONCILE_SECONDS)

    def _start_over(self) -> None:
        """Have every page take everything anew: the database is not what it was."""
        logger.warning("The database is another one, or older than it was: pages are sent all anew")
        # They wait until the new healer knows where the log is: what comes from then on is seen.
        self._ready.clear()
        self._reconciler, self.confirmed = Reconciler(), {}
        self._tell_rights()
        for session in list(self.sessions):
            session.start_over()

    def show(self, infos: Mapping[int, SeriesInfo]) -> None:
        """Note series that somebody shows."""
        for pk, info in infos.items():
            self._kinds[pk], self._devices[pk] = info.kind, info.device_id

    def _known(self) -> dict[int, int]:
        """Return the series that pages show, to their devices; forget those they do no more."""
        self._kinds, self._devices = {}, {}
        for session in self.sessions:
            self.show(session.shown_series)
        return self._devices

    async def _tell_lost(self, lost: Lost) -> None:
        self.healed += len(lost.spans)
        for session in list(self.sessions):
            session.repair(lost)
        if lost.new:
            lost.new = await in_thread(lambda: queries.devices_of(list(lost.new)))
            for session in list(self.sessions):
                session.series_began(lost.new)

    def _tell_rights(self) -> None:
        """Have sessions look whether they may go on: who may see what has changed."""
        for session in self.sessions:
            session.rights_due.set()

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
                self._looked_at, self._known_at = time.monotonic(), timezone.now()
                self._note_database(None)
            except Error as error:
                self._note_database(error)
                self._lose_sight()
            except Exception:
                logger.exception("Cannot look how devices are; trying again")
            if await set_within(self._look_again, STATE_SECONDS):
                await asyncio.sleep(0.05)

    async def _look_at_jobs(self) -> None:
        """Have pages that show jobs read how far they are, once a second."""
        while True:
            await asyncio.sleep(JOB_SECONDS)
            for session in list(self.sessions):
                session.look_at_jobs()

    async def _look_at_notes(self) -> None:
        """Have rooms read what is new, once a second, and tell others who is here."""
        told_at = 0.0
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            used = [session for session in self.sessions if session.rooms.is_used]
            people = [(one.rooms.name, one.is_idle, one.rooms.rooms.values()) for one in used]
            has_changed = self.presence.count(people)
            try:
                newest = await in_thread(reading.newest) if used else self._newest_note
            except Error as error:
                logger.debug("Cannot look for notes: %s", error)
                newest = self._newest_note
            except Exception:
                logger.exception("Cannot look for notes; trying again")
                newest = self._newest_note
            self._newest_note = newest
            for session in used:
                session.look_at_notes_after(newest, self.presence)
            if has_changed or (used and time.monotonic() - told_at > HERE_SECONDS):
                told_at = time.monotonic()
                await self._tell_who_is_here()

    async def _look_at_alarms(self) -> None:
        """Have sockets read which alarms have changed, once a second."""
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            used = [session for session in self.sessions if session.alarms.subscriptions]
            if not used:
                continue
            try:
                newest = await in_thread(lambda: numbers.newest(numbers.ALARMS))
            except Error as error:
                logger.debug("Cannot look for alarms: %s", error)
                continue
            except Exception:
                logger.exception("Cannot look for alarms; trying again")
                continue
            for session in used:
                session.look_at_alarms_after(newest)

    async def _tell_who_is_here(self) -> None:
        message = {"type": "room.here", "process": self._name, "rooms": self.presence.own}
        try:
            await self._layer.group_send(WEB_GROUP, message)
        except Exception as error:  # noqa: BLE001 - whatever the layer raises
            logger.info("Cannot tell others who looks at what: %s", error)

    async def _look_once(self) -> None:
        watched = self._groups.devices
        wants_fleet = any(session.wants_fleet for session in self.sessions)
        self._note_health(await in_thread(heartbeats.ingest_health))
        as_of = heartbeats.as_of_health(self.health)
        states = await in_thread(lambda: read_states(watched, as_of)) if watched else {}
        fleet = await in_thread(lambda: listing.fleet(as_of)) if wants_fleet else {}
        lately = int((time.time() - LATELY_SECONDS) * 1e6)
        gaps = await in_thread(lambda: losses.gaps(watched, lately)) if watched else []
        changed = {pk for pk, state in states.items() if self.states.get(pk) != state}
        fleet_changed, self.fleet, self.states = fleet != self.fleet, fleet, states
        for session in list(self.sessions):
            session.devices_changed(changed)
            if fleet_changed:
                session.fleet_changed()
            if gaps:
                session.note_gaps(gaps)

    def _note_health(self, found: heartbeats.IngestHealth) -> None:
        """Keep how ingest is; tell the pages at once when that has changed."""
        before, self.health = self.health, found
        if found["state"] != before["state"]:
            for session in self.sessions:
                session.health_due.set()

    def _lose_sight(self) -> None:
        """The database is away: tell that nothing is known, of what was alive until now."""
        since = milliseconds(self._known_at)
        if self.health["state"] == "up":
            self._note_health({**self.health, "state": "down", "since": since})
        lost = {pk for pk, state in self.states.items() if state["state"] == "online"}
        for pk in lost:
            self.states[pk] = {"state": "unknown", "since": since}
        for session in list(self.sessions):
            session.devices_changed(lost)

    @property
    def health_now(self) -> heartbeats.IngestHealth:
        """Return how the pipeline is; `down` where the database has not answered for a while."""
        if time.monotonic() - self._looked_at > SILENT_SECONDS:
            since = self.health["since"] or milliseconds(self._known_at)
            return {**self.health, "state": "down", "since": since}
        return self.health
