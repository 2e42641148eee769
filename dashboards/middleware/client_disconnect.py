"""Requests whose reader has gone: their statement is stopped.

Django cancels such a request, but asgiref waits for the thread of its view before it says
so. The server's message is seen here first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from devices.queries.cancellation import Waiting

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def stop_when_left(application: App) -> App:
    """Return `application`, whose reads end when the browser goes away.

    The context reaches the thread of a view, as asgiref copies it.
    """

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        waiting = Waiting()

        async def watched() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                # PostgreSQL is asked over a connection of its own: not on the loop.
                await asyncio.to_thread(waiting.leave)
            return message

        with waiting:
            await application(scope, watched, send)

    return app
