"""The loop that supervises background services: whatever one raises, the others go on."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from devices.background import services
from devices.background.leases import LeaseLost
from devices.background.services import Pace, Service, Services

pytestmark = pytest.mark.usefixtures("tables")


class Scripted(Service):
    """Raises or returns what it was given, one after the other; then it has nothing to do."""

    name = "scripted"
    thread = "scripted"
    pace = Pace(idle=60.0, more=0.0, busy=0.0)

    def __init__(self, *script: bool | Exception) -> None:
        self.script = list(script)
        self.steps = 0
        self.released = False
        self.over = False

    def step(self) -> bool:
        if not self.script:
            self.over = True
            return False
        self.steps += 1
        what = self.script.pop(0)
        if isinstance(what, Exception):
            raise what
        return what

    def status(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def release(self) -> None:
        self.released = True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SERVICE_RETRY_SECONDS", 0.001)


async def supervise(
    *made: Scripted, until: Callable[[], bool], busy: bool = False
) -> dict[str, dict[str, Any]]:
    """Run services until something holds; return their status then."""
    hosted = Services("me", [lambda _holder, one=one: one for one in made])
    tasks = hosted.run(lambda: busy)
    async with asyncio.timeout(10):
        while not until():  # noqa: ASYNC110 - services tell nobody
            await asyncio.sleep(0.005)
    status = hosted.status()
    for task in tasks:
        assert not task.done()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await hosted.close()
    return status


async def test_a_step_is_done_after_the_other_while_there_is_more() -> None:
    one = Scripted(True, True, True)
    status = await supervise(one, until=lambda: one.over)
    assert status == {"scripted": {"steps": 3, "failing": ""}}
    assert one.released


@pytest.mark.parametrize(
    "error",
    [ValueError("of ours"), OperationalError("away"), LeaseLost("taken"), AssertionError()],
)
async def test_no_error_ends_the_loop(error: Exception) -> None:
    one = Scripted(error, True)
    if isinstance(error, OperationalError | LeaseLost):
        one.pace = Pace(idle=0.0)
    await supervise(one, until=lambda: one.over)
    assert one.steps == 2


async def test_a_service_that_fails_says_so_once_and_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    one = Scripted(*[ValueError("bad\nin detail")] * 10_000)
    status = await supervise(one, until=lambda: one.steps > 2)
    assert status["scripted"]["failing"] == "bad"
    await supervise(Scripted(ValueError("bad"), True), until=lambda: "works again" in caplog.text)
    assert caplog.text.count("scripted fails; ingest goes on without it") == 2


async def test_one_that_fails_does_not_hold_up_another() -> None:
    bad = Scripted(*[ValueError("bad")] * 10_000)
    good = Scripted(True, True)
    good.name = "good"
    status = await supervise(bad, good, until=lambda: good.over and bad.steps > 0)
    assert status["good"] == {"steps": 2, "failing": ""}
    assert status["scripted"]["failing"] == "bad"


async def test_services_of_one_thread_share_it() -> None:
    names: list[str] = []

    class Named(Scripted):
        def step(self) -> bool:
            import threading

            names.append(threading.current_thread().name)
            return super().step()

    one, two = Named(True), Named(True)
    two.name = "two"
    await supervise(one, two, until=lambda: one.over and two.over)
    assert set(names) == {"scripted"}


def test_pace_lets_packets_come_first() -> None:
    pace = Pace(idle=30.0, more=0.1)
    assert pace.after(more=True, busy=False) == 0.1
    assert pace.after(more=True, busy=True) == 30.0
    assert pace.after(more=False, busy=False) == 30.0
    assert Pace(idle=2.0, busy=0.5).after(more=True, busy=True) == 0.5


def test_a_service_that_fails_is_tried_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "SERVICE_RETRY_SECONDS", 5.0)
    supervised = services._Supervised(Scripted(), None)  # type: ignore[arg-type] # never run
    waits = [supervised._failed(ValueError("bad")) for _ in range(6)]
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    supervised._works()
    assert supervised._failed(ValueError("bad")) == 5.0
