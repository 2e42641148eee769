"""The embedded broker: its parts, started and ended together."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mqtt_ingest.core.errors import NotPublished
from mqtt_ingest.embedded_broker.access import PasswordAccess
from mqtt_ingest.embedded_broker.doors import Admission, Doors
from mqtt_ingest.embedded_broker.lines import Lines
from mqtt_ingest.embedded_broker.listener import Listener
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.messages import Message
from mqtt_ingest.embedded_broker.protocol.packets import Publish
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.rim import Access
from mqtt_ingest.embedded_broker.protocol.server import Server
from mqtt_ingest.embedded_broker.protocol.topics import is_topic
from mqtt_ingest.embedded_broker.quiet_log import QuietLog
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from mqtt_ingest.embedded_broker.storage import Storage

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the broker listens; with `context`, TLS is spoken there."""

    bind: str
    port: int
    context: ssl.SSLContext | None = None


class EmbeddedBroker:
    """A broker on the running event loop; a Publisher of our own packets."""

    # The one of this process, for the WebSocket of the pages' port.
    current: "EmbeddedBroker | None" = None

    def __init__(
        self,
        source: EmbeddedSource,
        *,
        doors: list[Door],
        password: str,
        folder: Path,
        limits: Limits,
        admission: Admission,
        access: Access | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            source: takes what clients publish.
            doors: where to listen.
            password: asked of clients that do not come over loopback; any user name.
            folder: where sessions and retained messages are kept over restarts.
            limits: what a client may take.
            admission: how many connections there may be.
            access: who may do what; without it, the password decides.
            clock: tells s; it never goes back.
        """
        self._log = QuietLog(logger)
        self._source = source
        self._where = doors
        self.server = Server(
            limits, access or PasswordAccess(password, _later), source, clock, self._log
        )
        self.lines = Lines(self.server)
        self.doors = Doors(admission, self._log)
        self._storage = Storage(folder, self.server)
        self._listeners: list[Listener] = []
        self._ticking: asyncio.Task[None] | None = None

    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Hand a packet of ours to those that subscribe to it; queued for those that are away.

        Raises:
            NotPublished: the topic is none to publish to.
        """
        if not is_topic(topic, self.server.limits):
            raise NotPublished(f"{topic!r} is no topic to publish to")
        self.server.pass_on(Publish(topic, payload, qos), None)

    def retained(self, filters: Sequence[str]) -> Iterator[Message]:
        """Yield what is kept for topics that any of `filters` matches; each once."""
        seen: set[str] = set()
        now = self.server.clock()
        for one in filters:
            for kept in self.server.retained.matched_by(one.split("/")):
                if kept is None or kept.topic in seen:
                    continue
                seen.add(kept.topic)
                if kept.expires_at is None or kept.expires_at > now:
                    yield kept

    async def start(self) -> None:
        """Listen, with the sessions and retained messages of the last run.

        Raises:
            OSError: an address is none of this machine, or in use.
        """
        self._storage.load()
        for door in self._where:
            listener = Listener(self.server, self.lines, self.doors, self._log, door.context)
            listener.listen(door.bind, door.port)
            self._listeners.append(listener)
        self._source.broker = self
        self._source.on_room = self.server.go_on
        self._ticking = asyncio.create_task(self._tick(), name="broker's clock")
        EmbeddedBroker.current = self

    async def shutdown(self) -> None:
        """Let nobody in, say goodbye, save and stop."""
        EmbeddedBroker.current = None
        self._source.broker = None
        for listener in self._listeners:
            listener.close()
        self.lines.end_all(_goodbye)
        if self._ticking is not None:
            self._ticking.cancel()
        await asyncio.sleep(0)
        await self._storage.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.lines.tick()
            try:
                await self._storage.save()
            except Exception:
                logger.exception("Cannot save sessions and retained messages; trying again")


def _goodbye(connection: Connection) -> None:
    connection.end(ReasonCode.SERVER_SHUTTING_DOWN)


def _later(seconds: float, do: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, do)
