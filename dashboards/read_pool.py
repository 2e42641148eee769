"""Database reads of sockets, on threads of their own.

Not `database_sync_to_async`: its one shared thread would make every socket wait
for the slowest query of any.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar
from weakref import WeakValueDictionary

from django.db import InterfaceError, OperationalError, connection

from devices.queries.cancellation import Waiting

T = TypeVar("T")
_pool = ThreadPoolExecutor(4, thread_name_prefix="live-read")


# Whose socket the running task is of: theirs have half of the threads at most.
reader: ContextVar[str] = ContextVar("reader", default="")
OF_ONE = 2
_turns: "WeakValueDictionary[tuple[int, str], asyncio.Semaphore]" = WeakValueDictionary()


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` on one of the reading threads; cancelled, its statement is stopped, too."""
    who = reader.get()
    if not who:
        return await _run(work)
    key = id(asyncio.get_running_loop()), who
    turns = _turns.get(key) or _turns.setdefault(key, asyncio.Semaphore(OF_ONE))
    async with turns:
        return await _run(work)


async def _run(work: Callable[[], T]) -> T:
    waiting = Waiting()
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_pool, _waited_for, waiting, work)
    except asyncio.CancelledError:
        # PostgreSQL is asked over a connection of its own: not on the loop.
        _leaving = loop.run_in_executor(None, waiting.leave)
        raise


def _waited_for(waiting: Waiting, work: Callable[[], T]) -> T:
    with waiting:
        return _with_connection(work)


def _with_connection(work: Callable[[], T]) -> T:
    """Run `work` on this thread's lasting connection; once more if that had gone stale."""
    try:
        return work()
    except (OperationalError, InterfaceError):
        connection.close()
    try:
        return work()
    except (OperationalError, InterfaceError):
        connection.close()
        raise
