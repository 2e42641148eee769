"""A crowd of requests waits its turn, and takes no more connections than are meant for it."""

import asyncio
from typing import Any

import pytest

from devices.queries import budget
from iotbridge import request_limit
from iotbridge.asgi_backpressure import ABORT


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


def asked(address: str, **headers: str) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"path": "/", "client": (address, 1), "headers": pairs}


async def test_others_wait_their_turn() -> None:
    views, sent = Views(), Sent()
    app = request_limit.bounded(views, 3)
    tasks = [asyncio.create_task(app(asked(f"10.0.0.{n}"), None, sent)) for n in range(10)]
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


async def test_a_crowd_of_one_person_leaves_turns_for_others() -> None:
    views, sent = Views(), Sent()
    app = request_limit.bounded(views, 8)
    crowd = [
        asyncio.create_task(app(asked(f"10.0.0.{n}", cookie="sessionid=one"), None, sent))
        for n in range(20)
    ]
    await asyncio.sleep(0)
    assert views.now == 6
    other = asyncio.create_task(app(asked("10.0.0.1", cookie="sessionid=two"), None, sent))
    await asyncio.sleep(0)
    assert views.now == 7
    views.go.set()
    await asyncio.wait_for(asyncio.gather(*crowd, other), 5)
    assert sent.statuses() == [200] * 21


async def test_who_keeps_the_database_busy_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(scope: Any, _receive: Any, send: Any) -> None:
        said = dict(scope["headers"])
        request_limit.tell_account(scope, said[b"authorization"].decode())
        share = budget.current()
        assert share is not None
        share.spent += 25
        await send({"type": "http.response.start", "status": 200, "headers": []})

    clock = [1_000.0]
    monkeypatch.setattr(request_limit.time, "monotonic", lambda: clock[0])
    sent, app = Sent(), request_limit.bounded(busy, 8)
    for _turn in range(6):
        await app(asked("", authorization="Bearer a"), None, sent)
    assert sent.statuses() == [200] * 5 + [429]
    await app(asked("", authorization="Bearer b"), None, sent)
    clock[0] += 30
    await app(asked("", authorization="Bearer a"), None, sent)
    assert sent.statuses()[-2:] == [200, 200]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"cookie": "a=1; sessionid=x"}, {"cookie": "sessionid=x; b=2"}, True),
        ({"cookie": "sessionid=x"}, {"cookie": "sessionid=y"}, False),
        ({"cookie": "iotbridge_kiosk=x"}, {"cookie": "iotbridge_kiosk=y"}, False),
        ({"cookie": "theme=x"}, {"cookie": "theme=y"}, True),
        ({"cookie": '=;;"\x01'}, {}, True),
        ({"authorization": "Bearer a"}, {"authorization": "Bearer b"}, False),
    ],
)
def test_people_are_told_apart(one: dict[str, str], other: dict[str, str], *, same: bool) -> None:
    found = [{*request_limit.keys_of(asked("10.0.0.1", **headers))} for headers in (one, other)]
    assert (found[0] == found[1]) == same


def asker(address: str, **headers: str) -> request_limit.Asker:
    return request_limit.asker_of(asked(address, **headers))


def known(persons: request_limit.Persons, one: request_limit.Asker, account: int) -> None:
    """Tell, as an answer does, that a request was of an account."""
    request_limit.tell_account({request_limit.ASKER: one}, account)
    persons.know(one)


def test_what_could_be_made_up_counts_by_its_address_too() -> None:
    persons = request_limit.Persons(6)
    mine, theirs = (asker("10.0.0.1", cookie=f"sessionid={name}") for name in ("x", "made-up"))
    (address,) = persons.of(asker("10.0.0.1"))
    assert address in persons.of(mine)
    known(persons, mine, 5)
    assert address not in persons.of(mine)
    assert address in persons.of(theirs)


def test_an_account_is_one_person_by_all_its_sessions_and_tokens() -> None:
    persons = request_limit.Persons(6)
    ways = [
        asker("10.0.0.1", cookie="sessionid=x"),
        asker("10.0.0.2", cookie="sessionid=y"),
        asker("10.0.0.3", authorization="Bearer t"),
    ]
    for way in ways:
        known(persons, way, 5)
    assert len({id(person) for way in ways for person in persons.of(way)}) == 1
    # With two of them it is not told which one was good.
    both = asker("10.0.0.4", cookie="sessionid=z", authorization="Bearer u")
    known(persons, both, 5)
    assert len(persons.of(both)) == 3


async def slow_answers(app: Any, address: str, number: int) -> list[asyncio.Task[None]]:
    """Ask so often, and read no answer to its end."""
    tasks = [asyncio.create_task(app(asked(address), None, Sent())) for _n in range(number)]
    for _turn in range(5):
        await asyncio.sleep(0)
    return tasks


class Streams:
    """An application that has begun to answer, and goes on when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        self.begun += 1
        await self.go.wait()
        await send({"type": "http.response.body", "body": b"2"})


async def test_answers_that_nobody_reads_are_bounded_for_each_person() -> None:
    streams = Streams()
    app = request_limit.bounded(streams, 8)
    mine = await slow_answers(app, "10.0.0.1", 100)
    # So many without a turn, and as many more as one person has turns.
    assert streams.begun == request_limit.SLOW_OF_PERSON + 6
    others = await slow_answers(app, "10.0.0.2", 1)
    assert streams.begun == request_limit.SLOW_OF_PERSON + 7
    streams.go.set()
    await asyncio.wait_for(asyncio.gather(*mine, *others), 5)
    assert streams.begun == 101


async def test_answers_that_nobody_reads_are_cut_where_there_are_most() -> None:
    streams = Streams()

    async def of_accounts(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        if headers and not streams.go.is_set():
            request_limit.tell_account(scope, headers[b"cookie"].decode())
        if scope["path"] == "/log-in":
            return
        await streams(scope, receive, send)

    app = request_limit.bounded(of_accounts, 8)
    cut: list[str] = []

    async def ask(address: str, **headers: str) -> asyncio.Task[None]:
        scope = asked(address, **headers) | {ABORT: lambda: cut.append(address)}
        task = asyncio.create_task(app(scope, None, Sent()))
        for _turn in range(5):
            await asyncio.sleep(0)
        return task

    tasks = [await ask(f"10.0.0.{n}") for n in range(4)]
    # Whoever has many accounts is somebody else each time, at one place.
    for number in range(200):
        scope = asked("10.6.6.6", cookie=f"sessionid={number}") | {"path": "/log-in"}
        await app(scope, None, Sent())
        tasks.append(await ask("10.6.6.6", cookie=f"sessionid={number}"))
    tasks.append(await ask("10.0.0.9"))
    assert streams.begun == len(tasks)
    assert set(cut) == {"10.6.6.6"}
    assert len(cut) == len(tasks) - request_limit.SLOW_AT_ONCE
    streams.go.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)


async def test_where_nobody_has_too_many_the_last_one_keeps_its_turn() -> None:
    streams = Streams()
    app = request_limit.bounded(streams, 8)
    cut: list[str] = []
    tasks = []
    for number in range(request_limit.SLOW_AT_ONCE + 5):
        scope = asked(f"10.1.0.{number}") | {ABORT: lambda: cut.append("x")}
        tasks.append(asyncio.create_task(app(scope, None, Sent())))
        for _turn in range(5):
            await asyncio.sleep(0)
    assert cut == []
    assert streams.begun == request_limit.SLOW_AT_ONCE + 5
    streams.go.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
