"""Pages are told that their server stops: they come back spread over time, to another one.

Daphne cancels its applications when it stops, but only if no connection is in a state
that it trips over (an upgraded request has no application); so the reactor is asked.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Farewell = Callable[[], Awaitable[None]]
# What has been written must leave before the sockets are closed.
FLUSH_SECONDS = 0.1
SAY_SECONDS = 1.0
_farewells: set[Farewell] = set()
_asked: list[bool] = []


def before_stop(say: Farewell) -> Callable[[], None]:
    """Have `say` called before this process stops; returns what forgets it."""
    _farewells.add(say)
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is not None and not _asked:
        _asked.append(True)
        reactor.addSystemEventTrigger("before", "shutdown", _stop)
    return lambda: _farewells.discard(say)


def _stop() -> Any:
    from twisted.internet.defer import Deferred

    return Deferred.fromFuture(asyncio.ensure_future(say_all()))


async def say_all() -> None:
    """Say every farewell, within a second."""
    tasks = [asyncio.ensure_future(say()) for say in list(_farewells)]
    if tasks:
        await asyncio.wait(tasks, timeout=SAY_SECONDS)
        await asyncio.sleep(FLUSH_SECONDS)
