"""One client of the live socket, without a socket."""

import asyncio
import json
import time
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import DataError

from dashboards.live import hub as hubs
from dashboards.live.frames import BadFrame, parse_subscribe
from dashboards.live.hub import Hub
from dashboards.live.session import LiveSession
from dashboards.live.subscriptions import Subscription
from devices.access import Scope
from devices.queries import QueryTooLong


def make(sent: list[dict[str, Any]]) -> LiveSession:
    async def send(text: str) -> None:
        sent.append(json.loads(text))

    return LiveSession(Hub.current(), scope=Scope(everything=True), send=send)


def refused(monkeypatch: pytest.MonkeyPatch, error: Exception) -> tuple[LiveSession, list[Any]]:
    """Return a session whose read failed, and what it sent."""
    sent: list[dict[str, Any]] = []

    async def run() -> LiveSession:
        made = make(sent)
        wanted = parse_subscribe({"id": 1, "keys": ["a/t"]}, 10)
        made._subscriptions[1] = Subscription(wanted)

        async def fail(_subscription: Subscription) -> None:
            raise error

        monkeypatch.setattr(made, "_show_all", fail)
        await made._show(made._subscriptions[1])
        return made

    return asyncio.run(run()), sent


def test_a_read_that_took_too_long_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made, sent = refused(monkeypatch, QueryTooLong("reading took over 10 s"))
    assert sent == [{"t": "err", "id": 1, "code": "too_many", "msg": "reading took over 10 s"}]
    assert made._subscriptions[1].backoff_s == 10
    made._read_again(made._subscriptions[1])
    assert made._subscriptions[1].needs_snapshot


def test_what_the_database_cannot_look_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made, sent = refused(monkeypatch, DataError("cannot contain NUL"))
    assert sent[0]["code"] == "bad_request"
    assert made._subscriptions == {}


def test_the_same_id_again_replaces_what_it_was_of_whatever_kind() -> None:
    async def run() -> LiveSession:
        made = make([])
        await made.on_frame({"t": "sub", "id": 1, "keys": ["a/t"]})
        await made.on_frame({"t": "sub", "id": 1, "kind": "fleet"})
        return made

    made = asyncio.run(run())
    assert (set(made._subscriptions), set(made._fleet.subscriptions)) == (set(), {1})


def test_a_database_that_hangs_is_told_as_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> Hub:
        return Hub.current()

    hub = asyncio.run(run())
    hub.health = {"state": "up", "last_packet": 1.0, "lag_ms": 2.0, "since": None}
    hub._looked_at = time.monotonic()
    assert hub.health_now["state"] == "up"
    hub._looked_at -= hubs.SILENT_SECONDS + 1
    since = round(hub._known_at.timestamp() * 1_000)
    assert hub.health_now == {"state": "down", "last_packet": 1.0, "lag_ms": 2.0, "since": since}


def test_devices_that_were_online_are_unknown_while_the_database_is_away() -> None:
    async def run() -> Hub:
        return Hub.current()

    hub = asyncio.run(run())
    hub.health = {"state": "up", "last_packet": 1.0, "lag_ms": 2.0, "since": None}
    hub.states = {1: {"state": "online", "since": 5}, 2: {"state": "offline", "since": 5}}
    told: list[set[int]] = []
    session = Mock()
    session.devices_changed = told.append
    hub.sessions = {session}
    hub._lose_sight()
    since = round(hub._known_at.timestamp() * 1_000)
    assert hub.states[1] == {"state": "unknown", "since": since}
    assert hub.states[2]["state"] == "offline"
    assert told == [{1}]
    assert hub.health_now["state"] == "down"
    hub._lose_sight()  # once more: nothing is told twice
    assert told == [{1}, set()]


def test_a_socket_asks_for_so_many_keys(settings: Any) -> None:
    settings.LIVE_MAX_SERIES = 10

    async def run() -> None:
        made = make([])

        def sub(number: int, count: int) -> dict[str, Any]:
            return {"t": "sub", "id": number, "keys": [f"d/{n}" for n in range(count)]}

        with pytest.raises(BadFrame, match="10 keys are allowed") as caught:
            await made.on_frame(sub(1, 11))
        assert caught.value.code == "too_many"
        for number in range(4):
            await made.on_frame(sub(number, 10))
        with pytest.raises(BadFrame, match="40 keys are allowed on a socket"):
            await made.on_frame(sub(9, 1))
        # The same subscription anew is not counted twice.
        await made.on_frame(sub(3, 10))
        await made.on_frame({"t": "unsub", "id": 2})
        await made.on_frame(sub(9, 10))

    asyncio.run(run())
