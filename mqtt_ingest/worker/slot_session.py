"""A slot's session with an outside broker: whose it is, what it subscribes, what was lost."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

from django.conf import settings

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.storage import losses
from devices.storage.dialect import Dialect
from mqtt_ingest import conf, metrics
from mqtt_ingest.broker import installation
from mqtt_ingest.broker.canary import SideTopics
from mqtt_ingest.broker.connecting import end_session
from mqtt_ingest.broker.session import Agreed, MqttSession
from mqtt_ingest.core import sharing
from mqtt_ingest.core.redelivery import ArrivalStamps
from mqtt_ingest.storing import arrival_stamps, slots
from mqtt_ingest.storing.slot_writer import SlotWriter
from mqtt_ingest.storing.slots import Wanted

logger = logging.getLogger(__name__)

LOGGED_FILTERS = 8
# Between two records of what the broker says that it dropped.
DROPPED_SECONDS = 1.0


def may_share() -> bool:
    """Return whether slots may share, so that it is worth finding out what the broker does."""
    return bool(settings.MQTT_SLOTS > 1 and settings.MQTT_SHARING != "never")


def _found_by(rows: Mapping[int, slots.SlotRow], number: int) -> sharing.Findings:
    return rows[number].found if number in rows else sharing.Findings()


def _one_line(topic_filter: str) -> str:
    """Return a filter as it stands in a line: devices announce some."""
    return topic_filter if topic_filter.isprintable() else repr(topic_filter)


def _shortly(filters: Sequence[str]) -> str:
    """Return `filters` for the log, which some conventions would fill."""
    told = ", ".join(map(_one_line, filters[:LOGGED_FILTERS])) or "nothing"
    more = len(filters) - LOGGED_FILTERS
    return f"{told} and {more} more" if more > 0 else told


class SlotSession:
    """Answers what a session asks about its slot, from the slot's database thread."""

    def __init__(
        self,
        wanted: Wanted,
        writer: SlotWriter,
        thread: DatabaseThread,
        dialect: Dialect,
        stamps: ArrivalStamps,
    ) -> None:
        self._number, self._broker = wanted.slot.number, wanted.broker
        self._name = writer.name
        self._writer = writer
        self._thread = thread
        self._dialect = dialect
        self._stamps = stamps
        self._session: MqttSession | None = None
        self._leaves, self._is_off = wanted.leaves, wanted.is_off
        # What the broker says that it dropped, while that is being recorded.
        self._dropped: int | None = None
        self._installation = installation.Names("", "")
        # What is known of the broker's shared subscriptions, and whether this slot uses them.
        self._found = sharing.Findings()
        self.verdict: sharing.Verdict = ""
        self.is_sharing = False
        self.stands_by = False
        self._tasks: set[asyncio.Task[None]] = set()

    def session(self, on_state: Callable[[str, str], None]) -> MqttSession:
        """Return the slot's session, which is not connected yet."""
        client_id = f"{self._installation.client_id}-{self._name}"
        aside = SideTopics(
            client_id,
            canary=self._broker.canary,
            shared=may_share(),
            # One slot is enough to hear of the broker itself.
            watch_broker=self._number == 0,
            on_dropped=self._on_dropped,
        )
        self._session = MqttSession(
            client_id=client_id,
            broker=self._broker,
            aside=aside,
            may_connect=self._still_ours,
            on_session=self._on_session,
            on_state=on_state,
            on_filters=lambda: self._soon(self._note_filters()),
            on_forgotten=lambda: self._soon(self._note_forgotten()),
        )
        return self._session

    async def _still_ours(self) -> None:
        """Look at the lease before the broker gives this client id's queue to us.

        Raises:
            SlotLost: another worker holds the slot, or the database went back.
            OSError: the database cannot be asked; connecting waits for it.
        """
        try:
            await self._thread.run(self._writer.renew)
        except Unreachable as error:
            raise OSError(f"the database is away: {error}") from error

    async def _on_session(self, session_present: bool) -> Agreed:  # noqa: FBT001
        """Return what to subscribe and to unsubscribe."""
        known, wanted = await self._thread.run(self._plan)
        if not session_present:
            self._stamps.clear()
            await self._thread.run(lambda: self._forget(had_session=bool(known)))
        kept = known if session_present else []
        await self._remember([*kept, *(name for name in wanted if name not in kept)])
        unwanted = [name for name in kept if name not in wanted]
        # Whether the canary's own shared subscription was in this session before.
        was_proven = self._found.evidence == "proven"
        look_back = session_present and was_proven and sharing.is_in_group(known)
        return Agreed(wanted, unwanted, look_back)

    def _plan(self, filters: sharing.Filters | None = None) -> tuple[list[str], list[str]]:
        """Return what this slot has at the broker, as far as is known, and what it is to have."""
        rows = slots.slots(self._broker.name)
        known = {number: row.filters for number, row in rows.items()}
        self._found = _found_by(rows, self._number)
        # One slot judges for all, so that they do the same.
        self.verdict = _found_by(rows, 0).verdict
        share = sharing.shares(
            cast("sharing.Policy", settings.MQTT_SHARING),
            self.verdict,
            settings.MQTT_SLOTS,
            can_prove=self._broker.canary,
        )
        wanted = sharing.wanted(
            self._number,
            share=share,
            filters=self._filters(filters),
            group=self._installation.group,
            slots=settings.MQTT_SLOTS,
            known=known,
        )
        self.is_sharing = sharing.is_in_group(wanted)
        # Connected, and ready to take over: slot 0 receives everything.
        self.stands_by = self._number > 0 and not wanted
        if self._session is not None:
            self._session.aside.data_is_shared = self.is_sharing
        return known.get(self._number, []), wanted

    def _filters(self, known: sharing.Filters | None) -> sharing.Filters:
        """Return what is to be subscribed; at a broker that is switched off nothing is."""
        if self._is_off:
            return sharing.Filters([], [])
        return known or conf.filters(self._broker.name)

    def prepare(self) -> None:
        """Find out who we are, and what this slot will have to do, before it is connected."""
        self._installation = installation.read()
        self._plan()

    async def look(self, filters: sharing.Filters) -> None:
        """Take up what has changed: the findings on the broker, Sources, what other slots have."""
        session = self._session
        if session is None or not session.can_change:
            return
        if may_share():
            await self._judge(session.aside)
        _known, wanted = await self._thread.run(lambda: self._plan(filters))
        new, old = session.subscriptions.difference(wanted)
        if not new and not old:
            return
        await self._remember(list(dict.fromkeys([*session.subscriptions.held, *new])))
        if session.can_change:
            logger.info("%s: subscribes %s", self._name, _shortly(wanted))
            session.change(wanted)

    async def _judge(self, aside: SideTopics) -> None:
        evidence, software = aside.evidence, aside.software
        if not evidence or not aside.is_named:
            return
        if (evidence, software) == (self._found.evidence, self._found.software):
            return
        rows = await self._thread.run(lambda: slots.slots(self._broker.name))
        found = _found_by(rows, self._number).after(evidence, software)
        logger.info("%s: %s (%s)", self._name, sharing.WORDS[found.verdict], software or "-")
        await self._thread.run(lambda: slots.note_findings(self._name, found))

    async def _remember(self, filters: list[str]) -> None:
        """Note what this slot may have at the broker from now on.

        A slot that was scaled in keeps its filters here until its session has ended.
        """
        if filters or not self._leaves:
            await self._thread.run(lambda: slots.remember_filters(self._name, filters))

    async def _note_filters(self) -> None:
        """Remember what the broker has granted, and what it has given up."""
        if self._session is not None:
            await self._remember(self._session.subscriptions.held)

    async def _note_forgotten(self) -> None:
        """Name what may be lost: packets that came while nobody was subscribed by `$share`."""
        now = time.time_ns() // 1_000

        def note() -> None:
            slots.note_forgetful(self._broker.name)
            since = slots.last_stored(self._name) or now
            losses.record("share_forgotten", since, now, None, detail=self._name)

        await self._thread.run(note)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` from a callback of paho; a database that is away ends it."""

        async def run() -> None:
            try:
                await work
            except Unreachable as error:
                logger.debug("%s: cannot note: %s", self._name, error)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """End the session at the broker for good: the slot was scaled in and is read out."""
        client_id = f"{self._installation.client_id}-{self._name}"
        await asyncio.get_running_loop().run_in_executor(
            None, lambda: end_session(self._broker, client_id)
        )
        await self._thread.run(lambda: slots.remember_filters(self._name, []))
        logger.info("%s: retired; the broker has ended its session", self._name)

    def _forget(self, *, had_session: bool) -> None:
        """The broker begins a new session: packet ids begin anew, what was queued is gone."""
        arrival_stamps.clear(self._name)
        if not had_session:
            return
        metrics.SESSIONS_LOST.labels(metrics.broker_of(self._name)).inc()
        self._lose("session_lost")
        logger.warning(
            "%s: the broker has forgotten our session. What it queued for us is lost; "
            "check its persistence and session expiry.",
            self._name,
        )

    def _lose(self, reason: losses.Reason) -> None:
        """Record that packets since the last that was stored may be gone, nobody knows how many."""
        now = time.time_ns() // 1_000
        losses.record(reason, slots.last_stored(self._name) or now, now, None, detail=self._name)

    def note_taken(self) -> None:
        """Record that another client took our session over: what it was given is gone."""
        self._lose("session_taken")
        logger.warning(
            "%s: another client uses our client id. What the broker gave it is lost to us; give "
            "each installation a MQTT_CLIENT_ID of its own, and the broker an ACL.",
            self._name,
        )

    def _on_dropped(self, dropped: int) -> None:
        was_noting, self._dropped = self._dropped is not None, dropped
        if not was_noting:
            self._soon(self._note_all_dropped())

    async def _note_all_dropped(self) -> None:
        """Record the newest count, and again while another comes: not each of a flood."""
        noted = None
        try:
            while noted != self._dropped and self._dropped is not None:
                noted = self._dropped
                await self._note_dropped(noted)
                await asyncio.sleep(DROPPED_SECONDS)
        finally:
            self._dropped = None

    async def _note_dropped(self, dropped: int) -> None:
        """Record what the broker dropped since it was last heard of."""
        metrics.BROKER_DROPPED.labels(metrics.broker_of(self._name)).set(dropped)
        new, since = await self._thread.run(lambda: slots.broker_dropped(self._name, dropped))
        if new:
            logger.warning(
                "The broker has dropped %s packets for clients whose queue was full; "
                "raise max_queued_messages, or add workers.",
                new,
            )
            now = time.time_ns() // 1_000
            await self._thread.run(lambda: losses.record("broker_dropped", since or now, now, new))
