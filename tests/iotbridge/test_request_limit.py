"""A crowd of requests waits its turn, and takes no more connections than are meant for it."""

import asyncio
from typing import Any

import pytest

from iotbridge import request_limit


class Views:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.go = asyncio.Event()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.go.wait()
        self.now -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


class Sent(list[dict[str, Any]]):
    async def __call__(self, message: dict[str, Any]) -> None:
        self.append(message)

    def statuses(self) -> list[int]:
        return [message["status"] for message in self if "status" in message]


async def test_others_wait_their_turn() -> None:
    views, sent = Views(), Sent()
    app = request_limit.bounded(views, 3)
    tasks = [asyncio.create_task(app({"path": "/"}, None, sent)) for _n in range(10)]
    await asyncio.sleep(0)
    views.go.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert views.most == 3
    assert sent.statuses() == [200] * 10


async def test_probes_are_answered_while_all_turns_are_taken() -> None:
    views, sent = Views(), Sent()
    app = request_limit.bounded(views, 1)
    task = asyncio.create_task(app({"path": "/"}, None, sent))
    await asyncio.sleep(0)
    probe = asyncio.create_task(app({"path": "/readyz"}, None, sent))
    await asyncio.sleep(0)
    assert views.now == 2
    views.go.set()
    await asyncio.wait_for(asyncio.gather(task, probe), 5)


async def test_who_waits_too_long_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limit, "WAIT_SECONDS", 0.0)
    views, sent = Views(), Sent()
    app = request_limit.bounded(views, 1)
    task = asyncio.create_task(app({"path": "/"}, None, sent))
    await asyncio.sleep(0)
    await app({"path": "/"}, None, sent)
    assert sent.statuses() == [503]
    assert (b"retry-after", b"5") in sent[0]["headers"]
    views.go.set()
    await task
