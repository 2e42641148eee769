"""A web process that is told to stop ends, whatever its requests do.

Daphne cancels them; Django then waits for the thread of the view, which may wait for the
loop that is waiting for it. So a request gets some seconds to finish, is then told that
its reader has gone, and is left behind where it does not listen. The reactor waits for that
by a trigger of ours: Daphne's own ends with the first application that ends.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from devices.timings import REQUEST_CLEAN_SECONDS, REQUEST_GRACE_SECONDS, THREAD_GRACE_SECONDS

logger = logging.getLogger(__name__)
App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@dataclass(eq=False, slots=True)
class _Request:
    """A request under way; `left` tells it that its reader has gone."""

    path: str
    task: "asyncio.Future[None]"
    left: asyncio.Event


class Ending:
    """The requests of this process, and how it ends with them."""

    # The exit status, if threads have to be left.
    status = 0
    # Set before the server cancels its requests: they wait for `finish`.
    stopping = False
    _running: "set[_Request]" = set()

    @classmethod
    async def finish(cls) -> None:
        """Let requests finish within a grace period; tell the rest, and wait for it shortly."""
        await _over(cls._running, REQUEST_GRACE_SECONDS)
        for request in cls._running:
            request.left.set()
        await _over(cls._running, REQUEST_CLEAN_SECONDS)
        for request in cls._running:
            logger.warning("%s is still being answered, and is left behind", request.path)

    @classmethod
    def insist(cls) -> None:
        """From now on, end soon even if threads of requests still wait."""
        threading.Thread(target=cls._insist, name="ending", daemon=True).start()

    @classmethod
    def _insist(cls) -> None:
        time.sleep(THREAD_GRACE_SECONDS)
        logger.warning("Threads of requests do not end; ending without them")
        sys.stdout.flush()
        os._exit(cls.status)


async def _over(requests: set[_Request], seconds: float) -> None:
    """Wait until there are none, those included that begin meanwhile."""
    until = time.monotonic() + seconds
    while requests and (left := until - time.monotonic()) > 0:
        await asyncio.wait([request.task for request in requests], timeout=left)


def finishing(application: App) -> App:
    """Return `application`, whose requests are not cut when the process is told to stop."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        left = asyncio.Event()
        task = asyncio.ensure_future(application(scope, _receiving(receive, left), send))
        request = _Request(str(scope.get("path")), task, left)
        Ending._running.add(request)  # noqa: SLF001 - its other half
        task.add_done_callback(lambda _task: Ending._running.discard(request))  # noqa: SLF001
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not Ending.stopping:
                left.set()  # the server does without it for another reason
            await asyncio.wait([task], timeout=REQUEST_GRACE_SECONDS + REQUEST_CLEAN_SECONDS)
            raise

    return app


def _receiving(receive: Any, left: asyncio.Event) -> Any:
    """Return `receive`, which tells of a disconnect as soon as `left` is set."""

    async def either() -> Any:
        message = asyncio.ensure_future(receive())
        leaving = asyncio.ensure_future(left.wait())
        try:
            await asyncio.wait([message, leaving], return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            message.cancel()
            leaving.cancel()

    return either
