"""Packets in, commits out: decode, batch, store, acknowledge, in that order."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from traceback import extract_tb
from typing import Generic, TypeVar

from mqtt_ingest.core.batching import BatchQueue, Bounds
from mqtt_ingest.core.clocks import DeviceClocks
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.packets import Batch, DeviceMessage, Entry, Packet
from mqtt_ingest.core.ports import BatchSink, PacketSource
from mqtt_ingest.core.rate_limit import Throttle
from mqtt_ingest.core.redelivery import ArrivalOrder, ArrivalStamps
from mqtt_ingest.core.router import Route, Router
from mqtt_ingest.core.spreading import Spreading
from mqtt_ingest.core.topics import MAX_TOPIC, too_long
from mqtt_ingest.core.waiting_publishers import WaitingPublishers

# Of one packet: each is looked up, and perhaps registered.
MAX_DEVICES = 2_000

# What a sink says of a committed batch.
Stored = TypeVar("Stored")


class Pipeline(Generic[Stored]):
    """One slot's way from packets to committed batches.

    `feed` is called on the event loop for each packet; `run` commits. A packet is
    committed at once when nothing else is going on; while a commit runs the next
    batch fills (group commit), unless `commit_interval` asks for a rest.
    """

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        source: PacketSource,
        sink: BatchSink[Stored],
        stamps: ArrivalStamps,
        bounds: Bounds,
        on_entry: Callable[[Entry], None],
        on_stored: Callable[[Batch, Stored], None],
        throttle: Throttle | None = None,
    ) -> None:
        self.use(routes)
        self.clocks = DeviceClocks()
        self._spreading = Spreading()
        self._source = source
        self._sink = sink
        self._stamps = stamps
        self._on_entry = on_entry
        self._on_stored = on_stored
        self._commit_interval = bounds.commit_interval
        self._throttle = throttle
        self._arrivals = ArrivalOrder()
        self._wake = asyncio.Event()
        self._haste = WaitingPublishers()
        self._stopping = False
        self.paused = False
        self.received = 0
        self._clock = time.monotonic
        self.queue = BatchQueue(bounds)

    def use(self, routes: Sequence[Route]) -> None:
        """Read packets by `routes` from now on."""
        self._router = Router(routes)
        self._spread = {route.source for route in routes if route.limits.spread_equal}

    @property
    def routes(self) -> Sequence[Route]:
        """Return by what packets are read."""
        return self._router.routes

    def feed(self, packet: Packet) -> None:
        """Decode `packet` and queue it for the next commit."""
        self.received += 1
        self._stamps.passed()
        self._arrivals.order(packet)
        redelivered = packet.dup and self._stamps.restore(packet)
        # What was stored at its arrival is so again, whatever devices agree on by now.
        packet.ahead = 0 if redelivered else self.clocks.ahead
        entry = decode(packet, self._router)
        for message in entry.messages or ():
            if message.clock_difference is not None and self.clocks.wants():
                self._hear(entry, message, message.clock_difference)
        if entry.source in self._spread:
            self._spreading.look(entry, redelivered=redelivered)
        self._stamp(entry, redelivered=redelivered)
        if self._throttle is not None:
            self._throttle.look(entry)
        now = self._clock()
        self._sink.stage(self.queue.add(entry, now), entry)
        self._on_entry(entry)
        if self._commit_interval:
            self._haste.came(packet, now, self._commit_interval)
        self._wake.set()
        if not self.paused and self.queue.is_high(now):
            self.paused = True
            self._source.pause()

    def _stamp(self, entry: Entry, *, redelivered: bool) -> None:
        """Remember when a packet that was stored at our time, or not at all, arrived."""
        packet, messages = entry.packet, entry.messages
        is_ours = messages is None
        for message in messages or ():
            if message.stamped or message.is_twice:
                is_ours = True
                # A restored time lies in the past: what was used since stays used.
                if message.stamped and not (redelivered or packet.stamp):
                    self._arrivals.used(message.samples[-1].ts)
        if messages is None:
            entry.redelivered = redelivered
        if is_ours and packet.qos:
            self._stamps.remember(packet)

    def _hear(self, entry: Entry, message: DeviceMessage, difference: int) -> None:
        """Let an accepted device say what time it is; not what the broker has kept for it."""
        if not (message.is_local or entry.packet.retain or entry.packet.dup):
            device = (entry.source, message.native_id)
            if self._sink.trusts(*device):
                self.clocks.hear(device, difference, entry.packet.received_at)

    async def run(self) -> None:
        """Commit batches until `stop` was called and nothing is left.

        Raises:
            SlotLost: another worker holds the slot; the rest is dropped unacknowledged.
        """
        while await self._anything():
            batch = self.queue.take()
            stored = await self._sink.store(batch)
            packets = [entry.packet for entry in batch.entries]
            self._source.acknowledge(packets)
            if self._commit_interval:
                self._haste.acknowledged(packets, self._clock())
            self.queue.done(batch)
            self._on_stored(batch, stored)
            if self.paused and self.queue.is_low(self._clock()):
                self.paused = False
                self._source.resume()

    async def _anything(self) -> bool:
        if self._commit_interval and not self._stopping:
            await self._haste.rest(self._commit_interval)
        while not self.queue:
            if self._stopping:
                return False
            self._wake.clear()
            await self._wake.wait()
        return True

    def stop(self) -> None:
        """Let `run` end once everything fed so far is committed."""
        self._stopping = True
        self._wake.set()
        self._haste.now()


def decode(packet: Packet, router: Router) -> Entry:
    """Return `packet` with what it says; a packet that cannot be read keeps its reason."""
    routes = router.routes_of(packet.topic)
    if len(packet.topic) > MAX_TOPIC:  # first: conventions look at each character
        source = routes[0].source if routes else ""
        return _refused(packet, source, too_long())
    for route in routes:
        convention = route.convention
        try:
            messages = convention.decode(packet, route.limits)
            if messages is None:
                continue
            _look_at_devices(messages)
        except Undecodable as error:
            entry = _refused(packet, route.source, error)
        except Exception as error:  # noqa: BLE001 - of whatever kind
            # A decoder's own fault must not stall the stream: keep the packet.
            entry = _refused(packet, route.source, Undecodable("decoder_error", _where(error)))
        else:
            entry = Entry(packet, route.source, messages)
            if packet.retain or route is not routes[-1]:
                _look_beyond(entry, route, routes)
        if convention.is_stateful:
            entry.remembered = convention.state.changes()
            entry.requests, convention.requests = convention.requests, []
        return entry
    return _refused(packet, "", Undecodable("no_route", "no source is set up for this topic"))


def _look_at_devices(messages: Sequence[DeviceMessage]) -> None:
    """Refuse messages of too many devices, or of one that can have no key."""
    if len(messages) > MAX_DEVICES:
        raise Undecodable("too_many_samples", f"of more than {MAX_DEVICES:,} devices")
    for message in messages:
        device_key(message.native_id)


def _look_beyond(entry: Entry, reader: Route, routes: Sequence[Route]) -> None:
    """Add what the broker keeps without a time, and what Sources after the reader know of it."""
    packet, messages = entry.packet, entry.messages or ()
    if packet.retain:
        entry.known = _known(packet, reader, messages)
    for other in routes[routes.index(reader) + 1 :]:
        # The packet is read; what another one fails to add to it is no reason to lose it.
        with suppress(Exception):
            other.convention.describe(packet, (*messages, *entry.known))


def _known(packet: Packet, route: Route, messages: Sequence[DeviceMessage]) -> list[DeviceMessage]:
    """Return what `packet`, which the broker has kept, would say if it came now.

    What it says with a time of its own is a reading, and not among it. Reading it twice
    changes nothing: what is kept is what was said last.
    """
    try:
        told = route.convention.decode(replace(packet, retain=False), route.limits) or ()
    except Exception:  # noqa: BLE001 - of whatever kind: it has been read already
        return []
    read = {(one.native_id, sample.metric) for one in messages for sample in one.samples}
    found = [message for message in told if message.stamped]
    for message in found:
        message.samples = [
            one for one in message.samples if (message.native_id, one.metric) not in read
        ]
    return [message for message in found if message.samples]


def _where(error: Exception) -> str:
    """Return an error of a decoder with the place in its code, for its author."""
    frames = extract_tb(error.__traceback__)
    place = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{error!r}{place}"


def _refused(packet: Packet, source: str, error: Undecodable) -> Entry:
    return Entry(
        packet, source, None, reason=error.reason, detail=error.detail, position=error.position
    )


__all__ = ["Pipeline", "Route", "Router", "decode"]
