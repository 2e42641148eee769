"""A large answer waits for its reader.

Daphne's `send` never waits: what a slow reader does not take piles up in memory, up to
the whole of a file. Twisted tells the HTTP channel when the socket takes no more
(`IPushProducer.pauseProducing`); until it does again, the next part is not asked for.
Other servers wait within `send` themselves.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[Any], Awaitable[None]]
App = Callable[[dict[str, Any], Any, Send], Awaitable[None]]
LOOK_SECONDS = 0.02
# Who takes nothing for so long is not reading: the connection is closed.
STALL_SECONDS = 30.0
# In the scope: closes the connection, whatever is still to be sent.
ABORT = "iotbridge.abort"


def patient(application: App) -> App:
    """Return `application` with a `send` that waits for the socket."""

    async def app(scope: dict[str, Any], receive: Any, send: Send) -> None:
        protocol = next(iter(getattr(send, "args", ())), None)

        is_over = False

        async def send_patiently(message: Any) -> None:
            nonlocal is_over
            await send(message)
            until = time.monotonic() + STALL_SECONDS
            while message.get("more_body") and not is_over and _is_full(protocol):
                await asyncio.sleep(LOOK_SECONDS)
                if time.monotonic() > until:
                    is_over = True
                    _close(protocol)

        def abort() -> None:
            nonlocal is_over
            is_over = True
            _close(protocol)

        await application({**scope, ABORT: abort}, receive, send_patiently)

    return app


def _close(protocol: Any) -> None:
    """Close a connection whose reader takes nothing; Daphne then tells the application."""
    transport = getattr(getattr(protocol, "channel", None), "transport", None)
    if transport is not None:
        transport.abortConnection()


def _is_full(protocol: Any) -> bool:
    """Return whether Twisted's channel was told to pause; False where there is none."""
    return bool(getattr(getattr(protocol, "channel", None), "_waitingForTransport", False))
