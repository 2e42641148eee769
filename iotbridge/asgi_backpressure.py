"""A large answer waits for its reader.

Daphne's `send` never waits: what a slow reader does not take piles up in memory, up to
the whole of a file. Twisted tells the HTTP channel when the socket takes no more
(`IPushProducer.pauseProducing`); until it does again, the next part is not asked for.
Other servers wait within `send` themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[Any], Awaitable[None]]
App = Callable[[dict[str, Any], Any, Send], Awaitable[None]]
LOOK_SECONDS = 0.02


def patient(application: App) -> App:
    """Return `application` with a `send` that waits for the socket."""

    async def app(scope: dict[str, Any], receive: Any, send: Send) -> None:
        protocol = next(iter(getattr(send, "args", ())), None)

        async def send_patiently(message: Any) -> None:
            await send(message)
            while message.get("more_body") and _is_full(protocol):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)

        await application(scope, receive, send_patiently)

    return app


def _is_full(protocol: Any) -> bool:
    """Return whether Twisted's channel was told to pause; False where there is none."""
    return bool(getattr(getattr(protocol, "channel", None), "_waitingForTransport", False))
