"""A session and its filters, with a broker that refuses some of them.

Debian's Mosquitto grants every well-formed filter, so a small one of our own answers here.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mqtt_ingest.broker import subscriptions
from mqtt_ingest.broker.canary import SideTopics
from mqtt_ingest.broker.session import Agreed, MqttSession
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.wire import Inbox
from tests.support.factories import broker_at

SUBSCRIBE, UNSUBSCRIBE, CONNECT, PUBACK = 0x82, 0xA2, 0x10, 0x40


class Refusing:
    """Answers CONNECT, SUBSCRIBE and UNSUBSCRIBE of MQTT 3.1.1; refuses filters in `refused`."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.has: list[str] = []
        self.acknowledged = 0
        self.port = 0
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, inbox = writer, Inbox()
        while data := await reader.read(65_536):
            inbox.add(data)
            while frame := inbox.take():
                self._answer(frame.first, inbox.data[frame.body : frame.stop])
        writer.close()
        await writer.wait_closed()

    def _answer(self, first: int, body: bytes) -> None:
        assert self._writer is not None
        if first == CONNECT:
            self._writer.write(b"\x20\x02\x01\x00")  # session present
        elif first == SUBSCRIBE:
            names = _names(body[2:], options=True)
            self.has += [name for name in names if name not in self.refused | set(self.has)]
            codes = bytes(0x80 if name in self.refused else 1 for name in names)
            self._writer.write(bytes([0x90, 2 + len(codes)]) + body[:2] + codes)
        elif first == UNSUBSCRIBE:
            gone = _names(body[2:], options=False)
            self.has = [name for name in self.has if name not in gone]
            self._writer.write(b"\xb0\x02" + body[:2])
        elif first == PUBACK:
            self.acknowledged += 1

    def publish(self) -> None:
        assert self._writer is not None
        self._writer.write(b"\x32\x07\x00\x01a\x00\x07hi")


def _names(body: bytes, *, options: bool) -> list[str]:
    names = []
    while body:
        size = int.from_bytes(body[:2], "big")
        names.append(body[2 : 2 + size].decode())
        body = body[2 + size + options :]
    return names


@pytest.fixture(autouse=True)
def _ask_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "RESUBSCRIBE_SECONDS", 0.0)


@pytest.fixture
async def broker() -> AsyncIterator[Refusing]:
    made = Refusing()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


class Held:
    """A session that runs, and what it told."""

    def __init__(self, broker: Refusing, *wanted: str) -> None:
        self.packets: list[Packet] = []
        self.settled: list[list[str]] = []
        self.session = MqttSession(
            client_id="me",
            broker=broker_at(broker.port),
            aside=SideTopics("me", canary=False, watch_broker=False),
            may_connect=self._may_connect,
            on_session=self._on_session,
            on_state=lambda _state, _detail: None,
            on_filters=lambda: self.settled.append(list(self.session.subscriptions.filters)),
        )
        self._wanted = list(wanted)
        self._task = asyncio.ensure_future(self.session.run(self.packets.append))

    async def _may_connect(self) -> None:
        return None

    async def _on_session(self, _present: bool) -> Agreed:
        return Agreed(self._wanted, [])

    async def until(self, condition: Any, what: str) -> None:
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise TimeoutError(what)

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.session.close()

    async def passes_on(self, broker: Refusing) -> None:
        """A packet comes, and its acknowledgement goes out."""
        before = broker.acknowledged
        broker.publish()
        await self.until(lambda: self.packets, "the packet")
        self.session.acknowledge([self.packets.pop()])
        await self.until(lambda: broker.acknowledged == before + 1, "its acknowledgement")


async def test_a_filter_that_is_refused_stops_no_other(broker: Refusing) -> None:
    broker.refused = {"secret/#"}
    held = Held(broker, "a/#", "secret/#")
    await held.until(lambda: held.settled, "the broker's answer")
    assert held.session.state == "subscribed"
    assert held.session.subscriptions.filters == ["a/#"]
    assert set(held.session.subscriptions.refused) == {"secret/#"}
    await held.passes_on(broker)
    # Nobody wants it any more: nothing is wrong.
    held.session.change(["a/#"])
    assert held.session.subscriptions.refused == {}
    assert held.session.can_change
    await held.end()


async def test_where_all_are_refused_packets_that_are_queued_are_still_acknowledged(
    broker: Refusing,
) -> None:
    broker.refused = {"secret/#"}
    held = Held(broker, "secret/#")
    await held.until(lambda: held.session.state == "refused", "the refusal")
    await held.passes_on(broker)
    # Once the rules are mended it is taken up on the same connection.
    broker.refused = set()
    assert held.session.can_change
    held.session.change(["secret/#"])
    await held.until(lambda: held.session.state == "subscribed", "the filter")
    assert held.session.subscriptions.refused == {}
    await held.end()


async def test_old_filters_stay_until_the_new_ones_are_granted(broker: Refusing) -> None:
    held = Held(broker, "plain/#")
    await held.until(lambda: held.session.can_change, "the session")
    broker.refused = {"$share/g/plain/#"}
    held.session.change(["$share/g/plain/#"])
    assert not held.session.can_change  # one change at a time
    await held.until(lambda: len(held.settled) == 2, "the broker's answer")
    assert broker.has == held.session.subscriptions.filters == ["plain/#"]
    assert held.session.aside.data_refused
    await held.passes_on(broker)

    broker.refused = set()
    held.session.change(["$share/g/plain/#"])
    await held.until(lambda: broker.has == ["$share/g/plain/#"], "the change")
    await held.until(lambda: held.settled[-1] == ["$share/g/plain/#"], "it to be told")
    await held.end()


async def test_a_refused_filter_holds_nothing_but_what_it_would_replace(broker: Refusing) -> None:
    """Neither the way to sharing and back, nor a Source that is switched off."""
    broker.refused = {"status", "$share/g/y/#"}
    held = Held(broker, "x/#", "y/#", "z/#", "status")
    await held.until(lambda: held.session.can_change, "the session")
    held.session.change(["$share/g/x/#", "$share/g/y/#", "status"])
    await held.until(lambda: set(broker.has) == {"$share/g/x/#", "y/#"}, "the change")
    await held.until(lambda: set(held.settled[-1]) == {"$share/g/x/#", "y/#"}, "it to be told")
    # One Source of several that may not be shared is its own affair.
    assert not held.session.aside.data_refused
    assert set(held.session.subscriptions.refused) == {"status", "$share/g/y/#"}
    held.session.change(["x/#", "y/#", "status"])
    await held.until(lambda: set(broker.has) == {"x/#", "y/#"}, "the way back")
    await held.end()


async def test_what_the_broker_has_not_given_up_yet_is_not_forgotten(broker: Refusing) -> None:
    held = Held(broker, "a/#", "b/#")
    await held.until(lambda: held.session.can_change, "the session")
    held.session.change(["a/#"])
    assert held.session.subscriptions.filters == ["a/#"]
    assert held.session.subscriptions.held == ["a/#", "b/#"]
    await held.until(lambda: held.session.subscriptions.held == ["a/#"], "the broker's answer")
    await held.end()


async def test_what_is_refused_is_asked_for_now_and_then_alone(
    broker: Refusing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "RESUBSCRIBE_SECONDS", 60.0)
    broker.refused = {"secret/#"}
    held = Held(broker, "a/#", "secret/#")
    await held.until(lambda: held.session.subscriptions.refused, "the refusal")
    assert held.session.subscriptions.difference(["a/#", "secret/#"]) == ([], [])
    monkeypatch.setattr(subscriptions, "RESUBSCRIBE_SECONDS", 0.0)
    assert held.session.subscriptions.difference(["a/#", "secret/#"]) == (["secret/#"], [])
    await held.end()
