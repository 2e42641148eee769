"""A reader that takes nothing is not waited for without end."""

import functools
from typing import Any

import pytest

from iotbridge import asgi_backpressure


class Transport:
    def __init__(self) -> None:
        self.is_aborted = False

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's
        self.is_aborted = True


class Channel:
    def __init__(self) -> None:
        self.transport = Transport()
        self._waitingForTransport = True


class Protocol:
    def __init__(self) -> None:
        self.channel = Channel()
        self.sent: list[Any] = []


async def handle(protocol: Protocol, message: Any) -> None:
    protocol.sent.append(message)


async def test_who_takes_nothing_is_cut_off_and_the_answer_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asgi_backpressure, "STALL_SECONDS", 0.05)
    protocol = Protocol()

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        for part in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": part < 2})

    app = asgi_backpressure.patient(application)
    await app({}, None, functools.partial(handle, protocol))
    assert protocol.channel.transport.is_aborted
    assert len(protocol.sent) == 3


async def test_an_answer_may_be_cut_off_before_its_reader_stalls() -> None:
    protocol = Protocol()

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        scope[asgi_backpressure.ABORT]()
        for part in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": part < 2})

    app = asgi_backpressure.patient(application)
    await app({}, None, functools.partial(handle, protocol))
    assert protocol.channel.transport.is_aborted
