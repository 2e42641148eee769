"""What conventions ask devices for, such as a rebirth: published after the commit, and seldom."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from mqtt_ingest import metrics
from mqtt_ingest.core.errors import NotPublished
from mqtt_ingest.core.packets import Entry, Request
from mqtt_ingest.core.ports import Publisher

logger = logging.getLogger(__name__)

# A topic is asked no more often, and no more of them wait.
PAUSE_SECONDS = 60.0
MAX_TOPICS = 10_000
# So many are published a second: whoever restarts is not flooded by answers.
A_SECOND = 20
# What the broker has not taken within this is asked for again when it is missing again.
_PATIENCE_SECONDS = 10.0


class Requester:
    """Publishes requests by a slot's publisher; each topic once a minute at most."""

    def __init__(
        self,
        publisher: Callable[[], Publisher | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `publisher` returns None while there is no connection."""
        self._publisher = publisher
        self._clock = clock
        self._waiting: dict[str, Request] = {}
        self._asked: dict[str, float] = {}
        self._wake = asyncio.Event()

    def ask(self, entries: Iterable[Entry]) -> None:
        """Note what stored `entries` ask for."""
        for request in [one for entry in entries if entry.requests for one in entry.requests]:
            self._note(request)

    def _note(self, request: Request) -> None:
        now = self._clock()
        if now - self._asked.get(request.topic, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return
        if len(self._asked) >= MAX_TOPICS:
            self._forget(now)
        if len(self._asked) < MAX_TOPICS:
            self._asked[request.topic] = now
            self._waiting[request.topic] = request
            self._wake.set()

    def _forget(self, now: float) -> None:
        old = [topic for topic, at in self._asked.items() if now - at >= PAUSE_SECONDS]
        for topic in old:
            del self._asked[topic]

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._wake.wait()
            while self._waiting:
                topic, request = next(iter(self._waiting.items()))
                del self._waiting[topic]
                await self._publish(request)
                await asyncio.sleep(1 / A_SECOND)
            self._wake.clear()

    async def _publish(self, request: Request) -> None:
        publisher = self._publisher()
        if publisher is None:
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await publisher.publish(request.topic, request.payload, 0)
        except (NotPublished, TimeoutError) as error:
            logger.warning("Cannot ask for a %s by %r: %s", request.purpose, request.topic, error)
        else:
            metrics.REQUESTS.labels(request.purpose).inc()
            logger.info("Asked for a %s by %r", request.purpose, request.topic)
