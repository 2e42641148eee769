"""What conventions ask for is published once a minute each, and a broker that refuses is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mqtt_ingest import metrics
from mqtt_ingest.core.errors import NotPublished
from mqtt_ingest.core.packets import Entry, Request
from mqtt_ingest.worker import requester
from mqtt_ingest.worker.requester import Requester
from tests.support.factories import make_packet


class Broker:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int]] = []
        self.refuses: set[str] = set()

    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        if topic in self.refuses:
            raise NotPublished("not authorized")
        self.sent.append((topic, payload, qos))


def entry(*topics: str) -> Entry:
    requests = [Request(topic, b"x", "rebirth") for topic in topics]
    return Entry(make_packet("a", "1"), "s", (), requests=requests)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def running(made: Requester) -> AsyncIterator[None]:
    task = asyncio.create_task(made.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_sent(broker: Broker, count: int) -> None:
    async with asyncio.timeout(10):
        while len(broker.sent) < count:  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requester, "A_SECOND", 1_000)


def asked() -> float:
    return metrics.totals().get("requests rebirth", 0.0)


async def test_a_topic_is_asked_once_a_minute_and_counted() -> None:
    broker, clock, before = Broker(), Clock(), asked()
    made = Requester(lambda: broker, clock)
    async with running(made):
        made.ask([entry("a", "b"), entry("a"), entry()])
        await until_sent(broker, 2)
        clock.now += 59
        made.ask([entry("a")])
        clock.now += 1
        made.ask([entry("b"), entry("b")])
        await until_sent(broker, 3)
    assert broker.sent == [("a", b"x", 0), ("b", b"x", 0), ("b", b"x", 0)]
    assert asked() - before >= 2, "the last is counted once it is published"


async def test_a_refusal_is_told_and_the_others_are_asked(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker()
    broker.refuses = {"a"}
    made = Requester(lambda: broker)
    async with running(made):
        made.ask([entry("a", "b")])
        await until_sent(broker, 1)
    assert broker.sent[0][0] == "b"
    assert "Cannot ask for a rebirth by 'a': not authorized" in caplog.text


async def test_topics_without_end_take_a_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requester, "MAX_TOPICS", 3)
    broker, clock = Broker(), Clock()
    made = Requester(lambda: broker, clock)
    async with running(made):
        made.ask([entry(*"abcde")])
        await until_sent(broker, 3)
        clock.now += requester.PAUSE_SECONDS
        made.ask([entry("e")])
        await until_sent(broker, 4)
    assert [topic for topic, _payload, _qos in broker.sent] == [*"abc", "e"]


async def test_without_a_connection_nothing_waits() -> None:
    broker, clock = Broker(), Clock()
    link: list[Broker | None] = [None]
    made = Requester(lambda: link[0], clock)
    async with running(made):
        made.ask([entry("a")])
        while made._waiting:  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0)
        link[0] = broker
        clock.now += requester.PAUSE_SECONDS
        made.ask([entry("a")])
        await until_sent(broker, 1)
    assert len(broker.sent) == 1
