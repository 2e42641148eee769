"""A thread with a database connection of its own."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

from devices.database import is_away

T = TypeVar("T")
# What is raised while the database cannot be used; it may be later.
Unreachable = (OperationalError, InterfaceError)


class DatabaseThread:
    """One thread with one connection. Not Django's shared thread: commits never queue there.

    A plain queue and one wake-up per answer: what a lone packet costs is mostly hand-overs.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on the thread; a broken connection is dropped for the next call."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, answer, loop))
        return await answer

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, answer, loop = job
            result: object = None
            failure: BaseException | None = None
            try:
                result = _dropping_broken(work)
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_settle, answer, result, failure)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self.run(lambda: connection.close())  # noqa: PLW0108 - the thread's own connection
        self._jobs.put(None)


_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


def _settle(answer: "asyncio.Future[Any]", result: object, failure: BaseException | None) -> None:
    if answer.done():
        return  # whoever asked was cancelled
    if failure is None:
        answer.set_result(result)
    else:
        answer.set_exception(failure)


def _dropping_broken(work: Callable[[], T]) -> T:
    try:
        return work()
    except Unreachable:
        connection.close()
        raise
    except Error as error:
        if not is_away(error):
            raise
        connection.close()
        raise OperationalError(str(error)) from error
