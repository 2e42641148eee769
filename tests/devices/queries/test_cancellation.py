"""A read ends when nobody waits for it any more; `make test` runs this on both databases."""

import asyncio
import threading
import time
from typing import Any

import pytest
from django.db import connection

from dashboards.middleware.client_disconnect import stop_when_left
from dashboards.read_pool import in_thread
from devices import queries
from devices.queries import READ_SECONDS, QueryTooLong
from devices.queries.cancellation import Waiting

pytestmark = pytest.mark.usefixtures("tables")
# Longer than any read may take.
SLOW = {
    "postgresql": "SELECT pg_sleep(30)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT max(i) FROM n WHERE i < 1000000000000",
}


class Slow:
    """A read that takes for ever, and how it ended."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def read(self) -> None:
        try:
            with queries.read_snapshot(), connection.cursor() as cursor:
                self.began.set()
                cursor.execute(SLOW[connection.vendor])
        except BaseException as error:
            self.error = error
            raise
        finally:
            connection.close()
            self.ended.set()

    async def ends_when_cancelled(self, task: "asyncio.Task[object]") -> None:
        assert await asyncio.to_thread(self.began.wait, 10)
        await asyncio.sleep(0)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(self.ended.wait, READ_SECONDS)
        assert time.monotonic() - started < READ_SECONDS / 2
        assert isinstance(self.error, QueryTooLong)


async def test_a_request_that_is_left_stops_its_read() -> None:
    slow, gone = Slow(), asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def application(_scope: object, receive: Any, _send: object) -> None:
        reading = asyncio.create_task(asyncio.to_thread(slow.read))
        await receive()
        await asyncio.wait([reading])

    task = asyncio.create_task(stop_when_left(application)({}, receive, None))  # type: ignore[arg-type]
    assert await asyncio.to_thread(slow.began.wait, 10)
    started = time.monotonic()
    gone.set()
    await task
    assert time.monotonic() - started < READ_SECONDS / 2
    assert isinstance(slow.error, QueryTooLong)


def test_a_read_that_was_between_two_statements_is_told_again() -> None:
    told: list[float] = []
    waiting = Waiting()
    waiting.begin(lambda: told.append(time.monotonic()))
    leaving = threading.Thread(target=waiting.leave)
    leaving.start()
    while len(told) < 3:
        time.sleep(0.01)
    waiting.end()
    leaving.join(10)
    assert not leaving.is_alive()


async def test_a_socket_that_is_closed_stops_its_read() -> None:
    slow = Slow()
    await slow.ends_when_cancelled(asyncio.create_task(in_thread(slow.read)))


def test_who_has_left_before_gets_no_read() -> None:
    slow = Slow()
    with Waiting() as waiting:
        waiting.leave()
        started = time.monotonic()
        with pytest.raises(QueryTooLong):
            slow.read()
    assert time.monotonic() - started < READ_SECONDS + 5
