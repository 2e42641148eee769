"""Background services: work beside ingest, and the one loop that supervises all of it.

An app registers what makes a service in its `AppConfig.ready`; the worker hosts them. A
service that fails is tried again, less and less often, and says so in the heartbeat: its
errors never end ingest. docs/contributing/add-a-background-service.md shows one.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from devices.background.database_thread import DatabaseThread, Unreachable
from devices.background.leases import Lease, LeaseLost
from devices.timings import (
    SERVICE_END_SECONDS,
    SERVICE_RETRY_MAX_SECONDS,
    SERVICE_RETRY_SECONDS,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a service rests after a step, in s.

    Args:
        idle: where there was nothing more to do.
        more: where there is.
        busy: where there is, but packets wait to be stored; they come first.
    """

    idle: float
    more: float = 0.0
    busy: float | None = None

    def after(self, *, more: bool, busy: bool) -> float:
        """Return the rest after a step."""
        if not more:
            return self.idle
        if not busy:
            return self.more
        return self.idle if self.busy is None else self.busy


class Service:
    """Work that is done a step at a time. It lives on one thread with its own connection.

    Class attributes:
        name: in the log, the heartbeat and metrics.
        thread: services of one name share a thread and its connection.
        pace: how long it rests after a step.
    """

    name: str
    thread: str
    pace: Pace

    def step(self) -> bool:
        """Do a bounded piece of work (about a second); return whether there is more at once.

        Raises:
            LeaseLost: another process has taken over; nothing was committed.
            Exception: what was not committed is done again by a later step.
        """
        raise NotImplementedError

    def due_s(self) -> float:
        """Return after how many seconds there will be something to do, where that is known."""
        return math.inf

    def status(self) -> dict[str, Any]:
        """Return what the heartbeat tells of this service, as JSON."""
        return {}

    def release(self) -> None:
        """Let another process take over at once."""


class LeasedService(Service):
    """Work of one elected process at a time: the one that holds the lease of its name."""

    def __init__(self, holder: str) -> None:
        """Prepare; `holder` is the process' name."""
        self._lease = Lease(self.name, holder)

    def step(self) -> bool:
        """Do a piece of work while the lease is held; see `Service.step`."""
        try:
            return self._lease.hold() is not None and self.work()
        except BaseException:
            # Whether it is still held, the database says the next time.
            self._lease.forget()
            raise

    def work(self) -> bool:
        """Do a bounded piece of work; return whether there is more at once."""
        raise NotImplementedError

    def release(self) -> None:
        """Let another process take over at once."""
        self._lease.release()


# A process' name -> a service of it.
Factory = Callable[[str], Service]
_factories: list[Factory] = []


def register(factory: Factory) -> None:
    """Have workers host the service that `factory` makes of a process' name."""
    if factory not in _factories:
        _factories.append(factory)


class Services:
    """The services of one process."""

    def __init__(self, holder: str, factories: Iterable[Factory] | None = None) -> None:
        """Make them.

        Args:
            holder: the process' name.
            factories: instead of the registered ones.
        """
        made = [make(holder) for make in (_factories if factories is None else factories)]
        self._threads = {name: DatabaseThread(name) for name in {one.thread for one in made}}
        self._supervised = [_Supervised(one, self._threads[one.thread]) for one in made]

    def run(self, busy: Callable[[], bool]) -> list["asyncio.Task[None]"]:
        """Begin; return tasks that end only when they are cancelled.

        Args:
            busy: whether packets wait, so that services rest.
        """
        return [
            asyncio.create_task(one.run(busy), name=one.service.name) for one in self._supervised
        ]

    def status(self) -> dict[str, dict[str, Any]]:
        """Return by name what each says of itself, and in `failing` why it fails ("": it works)."""
        return {
            one.service.name: {**one.service.status(), "failing": one.failing}
            for one in self._supervised
        }

    async def close(self) -> None:
        """Give back the leases, after the tasks were cancelled."""
        try:
            # A step may be in the middle of a statement; then its lease ends by itself.
            async with asyncio.timeout(SERVICE_END_SECONDS):
                for one in self._supervised:
                    await self._threads[one.service.thread].run(one.service.release)
                for thread in self._threads.values():
                    await thread.close()
        except TimeoutError:
            logger.info("A background service is in the middle of a step; its lease runs out")
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends
            logger.info("Cannot give back the leases: %s", error)


class _Supervised:
    """A service with the loop that runs it."""

    def __init__(self, service: Service, thread: DatabaseThread) -> None:
        self.service = service
        # The first line of the last error, while steps fail.
        self.failing = ""
        self._thread = thread
        self._backoff = 0.0

    async def run(self, busy: Callable[[], bool]) -> None:
        while True:
            rest = await self._step(busy)
            await asyncio.sleep(rest)

    async def _step(self, busy: Callable[[], bool]) -> float:
        """Do a step; return how long to rest, in s."""
        service = self.service
        try:
            more = await self._thread.run(service.step)
        except LeaseLost as error:
            logger.info("%s: %s", service.name, error)
            return service.pace.idle
        except Unreachable as error:
            # The slots tell of a database that is away.
            logger.debug("%s: %s", service.name, error)
            return service.pace.idle
        except Exception as error:  # noqa: BLE001 - storing goes on without it
            return self._failed(error)
        else:
            self._works()
        rest = service.pace.after(more=more, busy=busy())
        return rest if more else min(rest, service.due_s())

    def _failed(self, error: Exception) -> float:
        if not self.failing:
            logger.error("%s fails; ingest goes on without it", self.service.name, exc_info=error)
        self.failing = str(error).partition("\n")[0] or type(error).__name__
        self._backoff = min(
            max(SERVICE_RETRY_SECONDS, 2 * self._backoff), SERVICE_RETRY_MAX_SECONDS
        )
        return self._backoff

    def _works(self) -> None:
        if self.failing:
            logger.info("%s works again", self.service.name)
        self.failing, self._backoff = "", 0.0
