"""So many requests at a time; others wait their turn.

A request has a thread and a database connection of its own. A crowd of them would take
every connection that the server has (PostgreSQL's default: 100), workers' included.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
# Answered at any time: supervisors ask.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
# Who waits longer than this is told to come back.
WAIT_SECONDS = 30.0
_BUSY = b"Too many requests at a time; try again in a few seconds.\n"


def bounded(application: App, most: int) -> App:
    """Return `application`, which answers at most `most` requests at a time."""
    turns = asyncio.Semaphore(most)

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] in PROBES:
            await application(scope, receive, send)
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turns.acquire()
        except TimeoutError:
            await _refuse(send)
            return
        turn = _Turn(turns)

        async def send_on(message: Any) -> None:
            # A file that is being read, slowly perhaps, holds up nobody.
            if message.get("more_body"):
                turn.end()
            await send(message)

        try:
            await application(scope, receive, send_on)
        finally:
            turn.end()

    return app


class _Turn:
    """A turn that ends once."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns: asyncio.Semaphore | None = turns

    def end(self) -> None:
        if self._turns is not None:
            self._turns.release()
        self._turns = None


async def _refuse(send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BUSY})
