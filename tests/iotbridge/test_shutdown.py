"""A web process that is told to stop ends, with requests under way."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from websockets.sync.client import connect

from iotbridge import shutdown
from iotbridge.shutdown import Ending, finishing
from tests.support.services import wait_until
from tests.support.slowviews.urls import BEGUN
from tests.support.stack import Plant, Process
from tests.support.standalone_stack import Standalone

SLOW = "tests.support.slowviews"


# --- the wrapper by itself ---------------------------------------------------
@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process was told to stop; nothing waits for long."""
    monkeypatch.setattr(Ending, "stopping", True)
    monkeypatch.setattr(shutdown, "REQUEST_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(shutdown, "REQUEST_CLEAN_SECONDS", 0.1)


async def stopped(application: Any) -> list[str]:
    """Run `application` as a server does that stops and cancels it; return what it sent."""
    sent: list[str] = []

    async def send(message: str) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    request = asyncio.ensure_future(finishing(application)({"path": "/x"}, receive, send))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    request.cancel()
    await Ending.finish()
    with pytest.raises(asyncio.CancelledError):
        await request
    return sent


async def test_a_request_under_way_is_answered(stopping: None) -> None:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(0.05)
        await send("answer")

    assert await stopped(application) == ["answer"]


async def test_one_that_takes_too_long_is_told_that_its_reader_has_gone(stopping: None) -> None:
    async def application(_scope: Any, receive: Any, send: Any) -> None:
        await send((await receive())["type"])

    assert await stopped(application) == ["http.disconnect"]


async def test_one_that_does_not_listen_is_left_behind(
    stopping: None, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.Event().wait()

    assert await stopped(application) == []
    assert "/x is still being answered" in caplog.text
    for request in list(Ending._running):
        request.task.cancel()


async def test_one_that_is_cancelled_otherwise_is_told_at_once() -> None:
    told = asyncio.Event()

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        assert (await receive())["type"] == "http.disconnect"
        told.set()

    async def receive() -> Any:
        await asyncio.Event().wait()

    request = asyncio.ensure_future(finishing(application)({}, receive, None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    request.cancel()
    await asyncio.wait([request], timeout=5)
    assert told.is_set()


async def test_otherwise_requests_are_as_they_were() -> None:
    async def application(_scope: Any, receive: Any, send: Any) -> None:
        await send(await receive())
        raise LookupError

    async def receive() -> str:
        return "body"

    sent: list[str] = []

    async def send(message: str) -> None:
        sent.append(message)

    with pytest.raises(LookupError):
        await finishing(application)({}, receive, send)
    assert sent == ["body"]


# --- real processes ----------------------------------------------------------
def ask(port: int, path: str) -> Callable[[], bytes]:
    """Begin a request; returns what waits for all of its answer."""
    reader = socket.create_connection(("127.0.0.1", port))
    reader.sendall(f"GET /x/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    got = bytearray()

    def read() -> None:
        with reader:
            while piece := reader.recv(65_536):
                got.extend(piece)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    def wait() -> bytes:
        thread.join(30)
        return bytes(got)

    return wait


def ends_with_requests_under_way(process: Process, port: int) -> None:
    """One ends soon, others later: none is cut short for another's sake, nor by a socket."""
    with connect(f"ws://127.0.0.1:{port}/ws/live/"):
        soon = [ask(port, f"{kind}?seconds=1") for kind in ("thread", "loop")]
        later = [ask(port, f"{kind}?seconds=3.5") for kind in ("thread", "loop")]
        endless = [ask(port, f"{kind}?seconds=600") for kind in ("thread", "loop", "pieces")]
        wait_until(lambda: process.text().count(BEGUN) == 7, "the requests")
        assert process.stop() == 0
    assert [b"done" in wait() for wait in (*soon, *later)] == [True] * 4
    assert not any(b"done" in wait() for wait in endless)


@pytest.mark.services
def test_standalone_ends_with_requests_under_way(standalone: Standalone) -> None:
    standalone.start(EXTRA_APPS=SLOW)
    assert standalone.process is not None
    ends_with_requests_under_way(standalone.process, standalone.http)
    assert "everything received is stored" in standalone.process.text()


@pytest.mark.services
def test_daphne_ends_with_requests_under_way(plant: Plant) -> None:
    plant.env["EXTRA_APPS"] = SLOW
    ends_with_requests_under_way(plant.web(), plant.web_port)
