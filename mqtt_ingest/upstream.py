"""A slot's session with an outside broker: whose it is, what it subscribes, what was lost."""

import asyncio
import logging
import time
from collections.abc import Callable

from django.conf import settings

from devices import losses
from mqtt_ingest import conf, metrics
from mqtt_ingest.aside import Aside
from mqtt_ingest.core.arrivals import ArrivalStamps
from mqtt_ingest.database import DatabaseThread, Unreachable
from mqtt_ingest.session import MqttSession, end_session
from mqtt_ingest.stores import leases
from mqtt_ingest.stores.dialect import Dialect
from mqtt_ingest.stores.writer import SlotWriter

logger = logging.getLogger(__name__)


class Upstream:
    """Answers what a session asks about its slot, from the slot's database thread."""

    def __init__(
        self,
        number: int,
        writer: SlotWriter,
        thread: DatabaseThread,
        dialect: Dialect,
        stamps: ArrivalStamps,
    ) -> None:
        self._number = number
        self._name = writer.name
        self._writer = writer
        self._thread = thread
        self._dialect = dialect
        self._stamps = stamps
        self._tasks: set[asyncio.Task[None]] = set()

    def session(self, on_state: Callable[[str, str], None]) -> MqttSession:
        """Return the slot's session, which is not connected yet."""
        client_id = f"{settings.MQTT_CLIENT_ID}-{self._name}"
        aside = Aside(
            client_id,
            canary=settings.MQTT_CANARY,
            # One slot is enough to hear of the broker itself.
            watch_broker=self._number == 0,
            on_dropped=self._on_dropped,
        )
        return MqttSession(
            client_id=client_id,
            broker=conf.broker(),
            aside=aside,
            may_connect=self._still_ours,
            on_session=self._on_session,
            on_state=on_state,
        )

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

    async def _on_session(self, session_present: bool) -> tuple[list[str], list[str]]:  # noqa: FBT001
        """Return the filters to subscribe and those to unsubscribe."""
        known = await self._thread.run(lambda: leases.subscribed(self._name))
        wanted = await self._thread.run(lambda: conf.filters(self._number))
        if not session_present:
            self._stamps.clear()
            await self._thread.run(lambda: self._forget(had_session=bool(known)))
        if wanted:
            # A slot that was scaled in keeps its filters here until its session has ended.
            await self._thread.run(lambda: leases.remember_subscribed(self._name, wanted))
        return wanted, [name for name in known if name not in wanted]

    async def end(self) -> None:
        """End the session at the broker for good: the slot was scaled in and is read out."""
        client_id = f"{settings.MQTT_CLIENT_ID}-{self._name}"
        await asyncio.get_running_loop().run_in_executor(
            None, lambda: end_session(conf.broker(), client_id)
        )
        await self._thread.run(lambda: leases.remember_subscribed(self._name, []))
        logger.info("%s: retired; the broker has ended its session", self._name)

    def _forget(self, *, had_session: bool) -> None:
        """The broker begins a new session: packet ids begin anew, what was queued is gone."""
        leases.clear_stamps(self._name)
        if not had_session:
            return
        metrics.SESSIONS_LOST.inc()
        now = time.time_ns() // 1_000
        losses.record(
            "session_lost", leases.last_stored(self._name) or now, now, None, detail=self._name
        )
        logger.warning(
            "%s: the broker has forgotten our session. What it queued for us is lost; "
            "check its persistence and session expiry.",
            self._name,
        )

    def _on_dropped(self, dropped: int) -> None:
        task = asyncio.get_running_loop().create_task(self._note_dropped(dropped))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note_dropped(self, dropped: int) -> None:
        """Record what the broker dropped since it was last heard of."""
        metrics.BROKER_DROPPED.set(dropped)
        try:
            new, since = await self._thread.run(lambda: leases.broker_dropped(self._name, dropped))
        except Unreachable as error:
            logger.debug("%s: cannot note what the broker dropped: %s", self._name, error)
            return
        if new:
            logger.warning(
                "The broker has dropped %s packets for clients whose queue was full; "
                "raise max_queued_messages, or add workers.",
                new,
            )
            now = time.time_ns() // 1_000
            await self._thread.run(lambda: losses.record("broker_dropped", since or now, now, new))
