"""Rooms of sockets: notes once each and in order, who is here, and what happens to a room."""

import asyncio
import json
from typing import Any

import pytest

from dashboards.live import rooms as rooms_module
from dashboards.live.rooms import Presence, Room, RoomChannel
from dashboards.live.sender import Sender
from dashboards.logbook import places, reading
from devices.access import Scope

EVERYTHING = Scope(everything=True)


class Place:
    room = "device:1"


def note(seq: int, text: str = "x") -> dict[str, Any]:
    return {"id": seq, "seq": seq, "text": text}


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Notes of the one room there is."""
    notes: list[dict[str, Any]] = []

    def find(_kind: str, name: str, _user: Any, _scope: Scope) -> Place:
        if name == "gone":
            raise LookupError
        return Place()

    monkeypatch.setattr(places, "find", find)
    monkeypatch.setattr(
        reading, "in_room", lambda _p, after, _u, _s: [one for one in notes if one["seq"] > after]
    )
    monkeypatch.setattr(reading, "mentions", lambda _user, _scope: list(notes[:1]))
    return notes


def shown(channel: RoomChannel, here: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(text: str) -> None:
        sent.append(json.loads(text))

    asyncio.run(channel.show(Sender(send), EVERYTHING, lambda _room: here or []))
    return sent


def test_each_note_is_sent_once(stored: list[dict[str, Any]]) -> None:
    channel = RoomChannel(lambda: "anna")
    channel.rooms[1] = Room("device", "press")
    stored += [note(1), note(2)]
    ack, first = shown(channel)
    assert (ack["t"], [one["seq"] for one in first["notes"]]) == ("ack", [1, 2])
    assert shown(channel) == []
    stored.append(note(3))
    (update,) = shown(channel)
    assert [one["seq"] for one in update["notes"]] == [3]
    # Whoever comes back says how far they were.
    channel.rooms[2] = Room("device", "press", seq=2)
    assert [one["seq"] for one in shown(channel)[1]["notes"]] == [3]


def test_an_empty_room_is_told_as_such(stored: list[dict[str, Any]]) -> None:
    channel = RoomChannel(lambda: "anna")
    channel.rooms[1] = Room("device", "press")
    _ack, first = shown(channel)
    assert (first["notes"], first["here"], len(stored)) == ([], [], 0)


def test_notes_come_in_frames_that_are_not_too_long(stored: list[dict[str, Any]]) -> None:
    channel = RoomChannel(lambda: "anna")
    channel.rooms[1] = Room("device", "press")
    stored += [note(number, "😀" * 5_000) for number in range(1, 6)]
    frames = shown(channel)[1:]
    assert [one["seq"] for frame in frames for one in frame["notes"]] == [1, 2, 3, 4, 5]
    assert all(len(json.dumps(frame, ensure_ascii=False).encode()) < 65_536 for frame in frames)
    assert len(frames) > 1


def test_a_room_that_goes_is_told_and_forgotten(stored: list[dict[str, Any]]) -> None:
    channel = RoomChannel(lambda: "anna")
    channel.rooms[1] = Room("device", "gone")
    (error,) = shown(channel)
    assert (error["t"], error["id"], error["msg"], channel.rooms) == ("err", 1, "no such room", {})
    assert not stored


def test_mentions_are_sent_when_they_change(stored: list[dict[str, Any]]) -> None:
    channel = RoomChannel(lambda: "anna")
    channel.me[4] = None
    ack, first = shown(channel)
    assert (ack["id"], first["mentions"]) == (4, [])
    assert shown(channel) == []
    stored.append(note(1))
    assert shown(channel)[0]["mentions"] == [note(1)]


def test_a_look_is_due_for_news_and_for_others(stored: list[dict[str, Any]]) -> None:
    channel = RoomChannel(lambda: "anna")
    channel.rooms[1] = Room("device", "press")
    shown(channel)
    assert channel.is_behind(0, lambda _room: [])
    assert not channel.is_behind(0, lambda _room: [])
    assert channel.is_behind(1, lambda _room: [])
    assert channel.is_behind(1, lambda _room: [{"name": "ben"}])
    assert not stored


def names(presence: Presence) -> list[tuple[str, bool]]:
    return [(one["name"], one["idle"]) for one in presence.here("r")]


def test_people_are_here_once_and_idle_only_where_no_page_is_looked_at() -> None:
    presence = Presence()
    room = Room("device", "press", key="r", since=5)
    early = Room("device", "press", key="r", since=1)
    sessions = [("anna", True, [room]), ("anna", False, [early]), ("ben", True, [room])]
    assert presence.count(sessions)
    assert not presence.count(sessions)
    assert names(presence) == [("anna", False), ("ben", True)]
    assert presence.here("r")[0]["since"] == 1
    assert presence.here("elsewhere") == []
    # Whoever has no name, and rooms that were not found yet, are not told.
    assert presence.count([("", False, [room]), ("zoe", False, [Room("device", "x")])])
    assert presence.here("r") == []


def test_others_say_who_is_there_and_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(rooms_module.time, "monotonic", lambda: clock[0])
    presence = Presence()
    presence.count([("anna", True, [Room("device", "press", key="r")])])
    presence.take("web-2", {"r": [{"name": "anna", "since": 1, "idle": False}]})
    presence.take("web-3", {"r": [{"name": "ben", "since": 1, "idle": False}]})
    assert names(presence) == [("anna", False), ("ben", False)]
    clock[0] += 10
    presence.take("web-3", {"r": []})
    clock[0] += 10
    assert names(presence) == [("anna", True)]
