"""Packets in, commits out: decode, batch, store, acknowledge, in that order."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mqtt_ingest.core.batching import BatchQueue, Bounds
from mqtt_ingest.core.clocks import DeviceClocks
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.errors import IngestError, Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Batch, Decoded, Entry, Packet
from mqtt_ingest.core.ports import BatchSink, PacketSource
from mqtt_ingest.core.rate_limit import Throttle
from mqtt_ingest.core.redelivery import ArrivalOrder, ArrivalStamps
from mqtt_ingest.core.spreading import Spreading
from mqtt_ingest.core.waiting_publishers import WaitingPublishers

# What a sink says of a committed batch.
Stored = TypeVar("Stored")


@dataclass(frozen=True, slots=True)
class Route:
    """A source's name with how its packets are read."""

    source: str
    convention: Convention
    limits: Limits


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
        self._routes = routes
        self._spread = {route.source for route in routes if route.limits.spread_equal}

    def feed(self, packet: Packet) -> None:
        """Decode `packet` and queue it for the next commit."""
        self.received += 1
        self._stamps.passed()
        self._arrivals.order(packet)
        redelivered = packet.dup and self._stamps.restore(packet)
        # What was stored at its arrival is so again, whatever devices agree on by now.
        packet.ahead = 0 if redelivered else self.clocks.ahead
        entry = decode(packet, self._routes)
        decoded = entry.decoded
        if decoded is not None and decoded.clock_difference is not None:
            self._hear(entry, decoded, decoded.clock_difference)
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
        packet, decoded = entry.packet, entry.decoded
        if decoded is None:
            entry.redelivered = redelivered
        elif not (decoded.stamped or decoded.is_twice):
            return
        # A restored time lies in the past: what was used since stays used.
        elif decoded.stamped and not (redelivered or packet.stamp):
            self._arrivals.used(decoded.samples[-1].ts)
        if packet.qos:
            self._stamps.remember(packet)

    def _hear(self, entry: Entry, decoded: Decoded, difference: int) -> None:
        """Let an accepted device say what time it is; not what the broker has kept for it."""
        if not (decoded.is_local or entry.packet.retain or entry.packet.dup):
            device = (entry.source, decoded.native_id)
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


def decode(packet: Packet, routes: Sequence[Route]) -> Entry:
    """Return `packet` with what it says; a packet that cannot be read keeps its reason."""
    for route in routes:
        try:
            decoded = route.convention.decode(packet, route.limits)
            if decoded is None:
                continue
            device_key(decoded.native_id)
        except Undecodable as error:
            return _refused(packet, route.source, error)
        except (IngestError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A decoder's own fault must not stall the stream: keep the packet.
            return _refused(packet, route.source, Undecodable("decoder_error", repr(error)))
        return Entry(packet, route.source, decoded)
    return _refused(packet, "", Undecodable("no_route", "no source is set up for this topic"))


def _refused(packet: Packet, source: str, error: Undecodable) -> Entry:
    return Entry(
        packet, source, None, reason=error.reason, detail=error.detail, position=error.position
    )


__all__ = ["Decoded", "Pipeline", "Route", "decode"]
