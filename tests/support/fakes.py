"""Fakes of the ingest core's ports."""

import asyncio
from collections.abc import Callable, Sequence

from mqtt_ingest.core.packets import Batch, Entry, Packet
from mqtt_ingest.storing.stored import Stored


class ScriptedSource:
    """A PacketSource that remembers what it was told."""

    def __init__(self) -> None:
        self.acknowledged: list[Packet] = []
        self.calls: list[str] = []

    async def run(self, feed: Callable[[Packet], None]) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    def acknowledge(self, packets: Sequence[Packet]) -> None:
        self.acknowledged += packets

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")


class RecordingSink:
    """A BatchSink that keeps batches; it can be held up, or made to fail."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None
        self.trusted: set[str] = set()

    def stage(self, batch: Batch, entry: Entry) -> None:
        batch.staged = entry

    def trusts(self, _source: str, native_id: str) -> bool:
        return native_id in self.trusted

    async def store(self, batch: Batch) -> Stored:
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.batches.append(batch)
        return Stored("ingest-0", len(self.batches))
