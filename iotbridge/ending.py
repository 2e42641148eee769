"""A web process that is told to stop ends, whatever its requests do.

Daphne cancels them; Django then waits for the thread of the view, which may wait for the
loop that is waiting for it. So a request gets some seconds to finish, is then told that
its reader has gone, and is left behind where it does not listen.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

logger = logging.getLogger(__name__)
App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

# A request that is under way when the process is told to stop may go on for so long, in s.
GRACE_SECONDS = 5.0
# Told that its reader has gone, it gets so long to clean up.
CLEAN_SECONDS = 1.0
# Threads that are left when everything else has ended.
THREAD_SECONDS = 3.0


def finishing(application: App) -> App:
    """Return `application`, whose requests end within seconds when the server cancels them."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        left = asyncio.Event()
        task = asyncio.ensure_future(application(scope, _receiving(receive, left), send))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=GRACE_SECONDS)
            left.set()
            await asyncio.wait([task], timeout=CLEAN_SECONDS)
            if not task.done():
                logger.warning("%s is still being answered, and is left behind", scope.get("path"))
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


class Ending:
    """What is left to do for a process whose loop has ended."""

    status = 0

    @classmethod
    def begin(cls) -> None:
        """From now on, end within `THREAD_SECONDS`, even if threads of requests still wait."""
        threading.Thread(target=cls._insist, name="ending", daemon=True).start()

    @classmethod
    def _insist(cls) -> None:
        time.sleep(THREAD_SECONDS)
        logger.warning("Threads of requests do not end; ending without them")
        sys.stdout.flush()
        os._exit(cls.status)
