"""One slot, held: lease, session and pipeline together, until it is lost or drained."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from django.conf import settings

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.storage.dialects import dialect as database_dialect
from devices.timings import RETIRED_QUIET_SECONDS, SLOT_RENEW_SECONDS, SOURCE_LEAVING_SECONDS
from mqtt_ingest import conf, sources
from mqtt_ingest.broker.session import MqttSession
from mqtt_ingest.core.batching import Bounds
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Batch, Entry
from mqtt_ingest.core.pipeline import Pipeline, Route
from mqtt_ingest.core.ports import PacketSource, Publisher
from mqtt_ingest.core.rate_limit import Throttle
from mqtt_ingest.core.redelivery import ArrivalStamps
from mqtt_ingest.core.sharing import Filters
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from mqtt_ingest.storing import arrival_stamps, slots
from mqtt_ingest.storing.sink import DatabaseSink
from mqtt_ingest.storing.slot_writer import SlotWriter
from mqtt_ingest.storing.slots import Wanted
from mqtt_ingest.storing.stored import Stored
from mqtt_ingest.worker.cut_off import CutOff
from mqtt_ingest.worker.requester import Requester
from mqtt_ingest.worker.slot_session import SlotSession, may_share

logger = logging.getLogger(__name__)

# Of what cannot be interpreted, in a heartbeat: how many, and so many characters.
SHOWN_NOTES, SHOWN_NOTE = 10, 200


class Hooks:
    """What the engine wants to hear of from its slots."""

    def __init__(
        self,
        *,
        on_entry: Callable[[Entry], None],
        on_stored: Callable[[Batch, Stored], None],
        on_state: Callable[[str, str, str], None],
    ) -> None:
        self.on_entry = on_entry
        self.on_stored = on_stored
        self.on_state = on_state


class Slot:
    """A slot that this worker leases under its writer's name."""

    def __init__(
        self, wanted: Wanted, holder: str, hooks: Hooks, embedded: EmbeddedSource | None = None
    ) -> None:
        """Prepare a slot; with `embedded` that broker is its source of packets."""
        self.wanted = wanted
        self.name = wanted.slot.text
        self._broker = wanted.broker
        self.state, self.detail, self.since = "waiting", "", time.time()
        # Since when nothing can come in; None while it can. And whether it ever could.
        self._down_since: float | None = self.since
        self._was_up = False
        self._holder = holder
        self._hooks = hooks
        self._embedded = embedded
        if embedded is not None:
            embedded.on_state = self._change
        self._thread = DatabaseThread(self.name)
        self._dialect = database_dialect()
        self._writer = SlotWriter(self.name, self._dialect)
        self._stamps = ArrivalStamps()
        self._draining = asyncio.Event()
        self._retired = False
        self._pipeline: Pipeline[Stored] | None = None
        self._session: MqttSession | None = None
        self._upstream: SlotSession | None = None
        # By what packets are read, and by what those are that may still come.
        self._routes: list[Route] = []
        self._leaving: list[Route] = []
        self._left_at = 0.0
        self._sink: DatabaseSink | None = None
        # By how much (µs) devices agreed to be ahead of us, as it is stored.
        self._clocks_ahead = 0
        self._was_contested = False
        self._cut_off = CutOff(wanted, self._thread, speaks=embedded is None)
        self._requester = Requester(lambda: self.publisher)

    async def acquire(self) -> bool:
        """Lease the slot if it is free; False while somebody else holds it."""
        if not await self._thread.run(lambda: self._writer.acquire(self._holder)):
            return False
        logger.info("%s: leased by %s, epoch %s", self.name, self._holder, self._writer.epoch)
        return True

    def drain(self) -> None:
        """Ask `run` to finish what has arrived and to give the slot back."""
        self._draining.set()

    @property
    def unacknowledged(self) -> int:
        """Return how many packets wait for their commit."""
        return self._pipeline.queue.packets if self._pipeline else 0

    @property
    def last_up(self) -> float | None:
        """Return until when packets came in and were stored, in s since 1970; None: never yet."""
        if not self._was_up:
            return None
        away = self._sink.away_since if self._sink else None
        return min(moment for moment in (time.time(), self._down_since, away) if moment)

    @property
    def stands_by(self) -> bool:
        """Return whether it is to receive nothing, ready to take over."""
        return self._upstream is not None and self._upstream.stands_by

    def describe(self) -> dict[str, Any]:
        """Return what the heartbeat tells of this slot."""
        queue = self._pipeline.queue if self._pipeline else None
        session = self._session
        return {
            "state": self.state,
            "detail": self.detail,
            "since": self.since,
            "unacknowledged": queue.packets if queue else 0,
            "unacknowledged_bytes": queue.bytes if queue else 0,
            "oldest_s": round(queue.age(time.monotonic()), 1) if queue else 0.0,
            "paused": bool(self._pipeline and self._pipeline.paused),
            "database": self._sink.away if self._sink else "",
            "session_present": session.session_present if session else None,
            "canary": session.aside.canary if session else "off",
            "refused": session.subscriptions.refused if session else {},
            "contested": bool(session and session.is_contested),
            "leaves": self.wanted.leaves,
            "not_interpreted": self._not_interpreted(),
            "failing": [[name, words] for name, words in sources.failing.items()],
            "clocks_ahead_s": self._clocks_ahead // 1_000_000,
            **self._sharing(),
            "broker_dropped": session.aside.broker_dropped if session else None,
        }

    def _not_interpreted(self) -> list[list[Any]]:
        """Return what conventions cannot interpret: Source, what, why, how often."""
        told: list[list[Any]] = [
            [route.source, what[:SHOWN_NOTE], why[:SHOWN_NOTE], number]
            for route in self._routes
            for what, (why, number) in list(route.convention.not_interpreted.items())
        ]
        return sorted(told, key=lambda one: -one[3])[:SHOWN_NOTES]

    def _sharing(self) -> dict[str, Any]:
        """Return whether this slot shares the load, and what is known of the broker's part in it.

        With one slot, or the embedded broker, there is nothing to share.
        """
        if self._upstream is None or settings.MQTT_SLOTS == 1:
            return {}
        proves = may_share() and self._broker.canary
        return {
            "sharing": self._upstream.verdict if proves else "",
            "is_sharing": self._upstream.is_sharing,
            "stands_by": self.stands_by,
        }

    async def run(self) -> None:
        """Take packets in until drained or lost; the lease must have been acquired."""
        place, stored = await self._thread.run(lambda: arrival_stamps.read(self.name))
        self._stamps.load(place, stored)
        self._clocks_ahead = await self._thread.run(lambda: slots.clocks_ahead(self.name))
        routes, filters = await self._thread.run(lambda: conf.read_sources(self._broker.name))
        self._routes = routes
        self._pass_on(filters)
        source: MqttSession | EmbeddedSource
        self._upstream = upstream = SlotSession(
            self.wanted, self._writer, self._thread, self._dialect, self._stamps
        )
        if self._embedded is not None:
            source = self._embedded
        elif self._broker.problem:
            await self._wait_refused()
            return
        else:
            await self._thread.run(upstream.prepare)
            source = self._session = upstream.session(self._change)
        self._pipeline = pipeline = self._make_pipeline(routes, source)
        pipeline.clocks.ahead = self._clocks_ahead
        helpers = [self._renew(), source.run(pipeline.feed), self._requester.run()]
        if self.wanted.leaves:
            helpers.append(self._retire(pipeline))
        try:
            await self._until_over(pipeline, source, helpers)
        finally:
            await source.close()
            self._pipeline = self._session = None
        if self._retired:
            await upstream.end()

    @property
    def publisher(self) -> Publisher | None:
        """Return by what packets of ours get to the broker; None while the slot does not run."""
        return self._session if self._embedded is None else self._embedded

    async def _wait_refused(self) -> None:
        """Hold the slot without a connection, until somebody has mended its broker's row."""
        self._change("refused", f"{self._broker.where}: {self._broker.problem}")
        renewing = asyncio.create_task(self._renew(), name=f"{self.name} helper")
        draining = asyncio.create_task(self._draining.wait(), name=f"{self.name} drain")
        try:
            await asyncio.wait([renewing, draining], return_when=asyncio.FIRST_COMPLETED)
            if renewing.done():
                renewing.result()
            await self._give_back()
        finally:
            for task in (renewing, draining):
                task.cancel()
            await asyncio.gather(renewing, draining, return_exceptions=True)

    async def _retire(self, pipeline: Pipeline[Stored]) -> None:
        """Once unsubscribed and read out, drain the slot and end its session at the broker."""
        quiet_since, received = time.monotonic(), -1
        while True:
            await asyncio.sleep(0.5)
            if self.state != "subscribed" or pipeline.queue or pipeline.received != received:
                quiet_since, received = time.monotonic(), pipeline.received
            elif time.monotonic() - quiet_since > RETIRED_QUIET_SECONDS:
                self._retired = True
                self._draining.set()
                await asyncio.Event().wait()

    def _make_pipeline(self, routes: list[Route], source: PacketSource) -> Pipeline[Stored]:
        self._sink = DatabaseSink(self._thread, self._writer)
        return Pipeline(
            routes=routes,
            source=source,
            sink=self._sink,
            stamps=self._stamps,
            bounds=Bounds(
                batch_packets=self._dialect.batch_packets,
                batch_samples=self._dialect.batch_samples,
                commit_interval=settings.COMMIT_INTERVAL_MS / 1_000,
            ),
            on_entry=self._hooks.on_entry,
            on_stored=self._stored,
            throttle=Throttle(settings.DEVICE_RATE_LIMIT) if settings.DEVICE_RATE_LIMIT else None,
        )

    def _stored(self, batch: Batch, stored: Stored) -> None:
        self._requester.ask(batch.entries)
        self._hooks.on_stored(batch, stored)

    async def _until_over(
        self,
        pipeline: Pipeline[Stored],
        source: PacketSource,
        helpers: list[Coroutine[Any, Any, None]],
    ) -> None:
        committing = asyncio.create_task(pipeline.run(), name=f"{self.name} commit")
        draining = asyncio.create_task(self._draining.wait(), name=f"{self.name} drain")
        tasks: list[asyncio.Task[Any]] = [
            committing,
            draining,
            *(asyncio.create_task(helper, name=f"{self.name} helper") for helper in helpers),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if draining.done():
                source.pause()
                pipeline.stop()
                await committing
                await self._give_back()
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _give_back(self) -> None:
        await self._thread.run(self._writer.flush_now)
        await self._thread.run(self._writer.release)
        logger.info("%s: drained and released", self.name)

    async def _renew(self) -> None:
        """Prolong the lease; between batches also write what waits and tidy up.

        Raises:
            SlotLost: another worker has taken the slot over, or the database went back.
        """
        turn = 0
        while True:
            await asyncio.sleep(SLOT_RENEW_SECONDS)
            turn += 1
            try:
                await self._thread.run(self._writer.renew)
                await self._thread.run(self._writer.flush)
                await self._take_up()
                await self._keep_clocks()
                await self._look_for_rivals()
                await self._cut_off.look(self._down_since)
                if turn % 30 == 0:
                    await self._thread.run(self._writer.tidy)
            except Unreachable as error:
                logger.debug("%s: cannot renew the lease: %s", self.name, error)

    async def _look_for_rivals(self) -> None:
        """Record once that somebody else has begun to use our client id."""
        contested = bool(self._session and self._session.is_contested)
        if contested and not self._was_contested and self._upstream is not None:
            await self._thread.run(self._upstream.note_taken)
        # After it is recorded: where the database is away, the next turn tries again.
        self._was_contested = contested

    async def _keep_clocks(self) -> None:
        """Store what devices agree on, for whoever holds the slot next, and for pages."""
        ahead = self._pipeline.clocks.ahead if self._pipeline else self._clocks_ahead
        if ahead != self._clocks_ahead:
            if ahead:
                logger.warning("%s: devices agree to be %+d s ahead", self.name, ahead // 1e6)
            await self._thread.run(lambda: slots.keep_clocks_ahead(self.name, ahead))
            self._clocks_ahead = ahead

    async def _take_up(self) -> None:
        """Take up what people changed of Sources: how packets are read, then what is subscribed.

        What a Source brought that was switched off may still be queued at the broker: it is
        read for a while.
        """
        known = [*self._routes, *self._leaving]
        routes, filters = await self._thread.run(
            lambda: conf.read_sources(self._broker.name, known)
        )
        names = {route.source for route in routes}
        if _signature(routes) != _signature(self._routes):
            gone = [route for route in self._routes if route.source not in names]
            self._routes = routes
            self._leaving = [r for r in self._leaving if r.source not in names] + gone
            self._left_at = time.monotonic()
            logger.info("%s: reads sources %s", self.name, ", ".join(sorted(names)) or "none")
        if self.state != "subscribed":
            self._left_at = time.monotonic()
        elif time.monotonic() - self._left_at > SOURCE_LEAVING_SECONDS:
            self._leaving = []
        now = [*routes, *self._leaving]
        if self._pipeline is not None and _signature(now) != _signature(self._pipeline.routes):
            self._pipeline.use(now)
        self._pass_on(filters)
        if self._session is not None and self._upstream is not None:
            await self._upstream.look(filters)

    def _pass_on(self, filters: Filters) -> None:
        """Tell the embedded broker what is taken in."""
        if self._embedded is not None:
            self._embedded.subscribe([*filters.spread, *filters.ordered])

    def _change(self, state: str, detail: str) -> None:
        self.state, self.detail, self.since = state, detail, time.time()
        if state == "subscribed":
            self._down_since, self._was_up = None, True
        elif self._down_since is None:
            # A deaf session last heard its canary.
            heard = self._session.aside.proven_at if self._session and state == "deaf" else None
            self._down_since = heard or self.since
        self._hooks.on_state(self.name, state, detail)

    async def close(self) -> None:
        """End the writer's thread."""
        await self._thread.close()


def _signature(routes: Sequence[Route]) -> list[tuple[str, int, Limits, Sequence[str]]]:
    """Return what tells `routes` from others."""
    return [(route.source, id(route.convention), route.limits, route.filters) for route in routes]
