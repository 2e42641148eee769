"""A TCP proxy that can cut, stall, keep PUBLISH packets from passing, or take `$share` away."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from mqtt_ingest.core.wire import PUBLISH, Inbox
from tests.support.services import free_port

Mode = Literal["pass", "stall", "deaf", "closed", "unshared"]


class Proxy:
    """Runs on a thread of its own; `mode` holds for all connections, old and new."""

    def __init__(self, target: int, *, mqtt: bool = True) -> None:
        self.port = free_port()
        self._mqtt = mqtt
        self.mode: Mode = "pass"
        self._target = target
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=[self._run()], daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(5)

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def cut(self) -> None:
        """Break every connection."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._break)

    def _break(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        self._break()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "closed":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, filtered=False, sending=True)),
            asyncio.create_task(self._pump(far_reader, writer, filtered=self._mqtt)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in ends:
                end.transport.abort()
            self._writers -= ends

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        filtered: bool,
        sending: bool = False,
    ) -> None:
        inbox = Inbox()
        try:
            while data := await reader.read(65_536):
                while self.mode == "stall":  # noqa: ASYNC110 - set from another thread
                    await asyncio.sleep(0.02)
                if sending and self.mode == "unshared":
                    # As a broker does that knows no shared subscriptions: a topic of that name.
                    data = data.replace(b"$share/", b"_share/")
                if filtered:
                    data = self._without_publish(inbox, data)
                writer.write(data)
                await writer.drain()
        except OSError:
            return

    def _without_publish(self, inbox: Inbox, data: bytes) -> bytes:
        inbox.add(data)
        kept = bytearray()
        while frame := inbox.take():
            if self.mode != "deaf" or frame.first & 0xF0 != PUBLISH:
                kept += inbox.data[frame.start : frame.stop]
        return bytes(kept)


@contextmanager
def proxy(target: int, *, mqtt: bool = True) -> Iterator[Proxy]:
    """A proxy in front of a port of the loopback interface; "deaf" knows MQTT only."""
    made = Proxy(target, mqtt=mqtt)
    made.start()
    try:
        yield made
    finally:
        made.stop()
