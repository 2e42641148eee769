"""Rooms: people who look at the same site, device or board see each other, and new notes.

Notes are stored first. Once a second the hub reads the number of the last change of any note;
where that has moved, each room reads what it has not been sent. Who is here is told between web
processes by the channel layer, and forgotten where nobody repeats it.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import Error

from dashboards.live.frames import dumps
from dashboards.live.sender import Sender
from dashboards.logbook import places, reading
from dashboards.read_pool import in_thread
from devices.access import Scope

logger = logging.getLogger(__name__)
# Who is not repeated for so long is gone.
FORGOTTEN_SECONDS = 15.0
# Told of a room at most.
MOST = 50
# Of a frame's notes, so that it stays below 64 KiB with one more of the longest.
PART_BYTES = 40_000
Here = dict[str, Any]


@dataclass(slots=True)
class Room:
    """A subscription to a room.

    Args:
        kind: what it is of.
        name: slug or key of that.
        key: what those in it share; empty: it was not found yet.
        seq: up to which notes were sent.
        since: when the person came, in ms.
    """

    kind: str
    name: str
    key: str = ""
    seq: int = 0
    since: float = field(default_factory=lambda: time.time() * 1_000)
    here: list[Here] | None = None
    is_acknowledged: bool = False


class RoomChannel:
    """The rooms of one socket, and the mentions of its person."""

    def __init__(self, user: Callable[[], Any]) -> None:
        """Prepare; `user` tells the person, as they were read last."""
        self.rooms: dict[int, Room] = {}
        # Subscription -> mentions as sent last; None: not acknowledged yet.
        self.me: dict[int, Any] = {}
        self.due = False
        self._user_now = user
        # The number of the last change of any note, as it was seen last.
        self._looked = -1

    @property
    def _user(self) -> Any:
        return self._user_now()

    @property
    def name(self) -> str:
        """Return what others see of this person."""
        return str(self._user) if self._user is not None else ""

    @property
    def is_used(self) -> bool:
        """Return whether there is anything to look for."""
        return bool(self.rooms or self.me)

    def is_behind(self, newest: int, here: Callable[[str], list[Here]]) -> bool:
        """Return whether somebody wrote since the last look, or others are in a room."""
        is_old, self._looked = newest != self._looked, newest
        return is_old or any(here(room.key) != room.here for room in self.rooms.values())

    def drop(self, sub: int) -> None:
        """Forget a subscription."""
        self.rooms.pop(sub, None)
        self.me.pop(sub, None)

    async def show(self, sender: Sender, scope: Scope, here: Callable[[str], list[Here]]) -> None:
        """Send what is new in the rooms, who is there, and mentions."""
        self.due = False
        for sub, room in list(self.rooms.items()):
            await self._show_room(sub, room, sender, scope, here)
        if self.me:
            await self._show_mentions(sender, scope)

    async def _show_mentions(self, sender: Sender, scope: Scope) -> None:
        """Send the person's mentions, read once, to each subscription that has others."""
        try:
            found = await in_thread(lambda: reading.mentions(self._user, scope))
        except Error as error:
            logger.info("A socket cannot read mentions: %s", error)
            return
        for sub, last in list(self.me.items()):
            if last is None:
                await sender.acknowledge(sub)
            if found != last and sub in self.me:
                self.me[sub] = found
                await sender.send_state({"t": "upd", "id": sub, "mentions": found})

    async def _show_room(
        self,
        sub: int,
        room: Room,
        sender: Sender,
        scope: Scope,
        here: Callable[[str], list[Here]],
    ) -> None:
        try:
            notes = await in_thread(lambda: self._read(room, scope))
        except LookupError:
            # It went, or may not be seen any more.
            self.rooms.pop(sub, None)
            await sender.send({"t": "err", "id": sub, "code": "bad_request", "msg": "no such room"})
            return
        except Error as error:
            logger.info("A socket cannot read notes: %s", error)
            return
        if not room.is_acknowledged:
            room.is_acknowledged = True
            await sender.acknowledge(sub)
        people = here(room.key)
        if sub not in self.rooms or not (notes or people != room.here):
            return
        room.here = people
        for part in _parts(notes):
            room.seq = max([room.seq, *(note["seq"] for note in part)])
            await sender.send_state({"t": "upd", "id": sub, "notes": part, "here": people})

    def _read(self, room: Room, scope: Scope) -> list[dict[str, Any]]:
        place = places.find(room.kind, room.name, self._user, scope)
        room.key = place.room
        return reading.in_room(place, room.seq, self._user, scope)


def _parts(notes: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Yield `notes` in parts that each fit in a frame; one that is empty where there are none."""
    part: list[dict[str, Any]] = []
    size = 0
    for note in notes:
        bytes_ = len(dumps(note).encode())
        if part and size + bytes_ > PART_BYTES:
            yield part
            part, size = [], 0
        part.append(note)
        size += bytes_
    yield part


class Presence:
    """Who is in which room: of this process, and of others as they said last."""

    def __init__(self) -> None:
        self._others: dict[str, tuple[float, Mapping[str, list[Here]]]] = {}
        self.own: dict[str, list[Here]] = {}

    def take(self, process: str, rooms: Mapping[str, list[Here]]) -> None:
        """Note what another process says."""
        self._others[process] = (time.monotonic(), rooms)

    def count(self, sessions: Iterable[tuple[str, bool, Iterable[Room]]]) -> bool:
        """Count those of this process (name, idle, rooms); return whether that has changed."""
        found: dict[str, dict[str, Here]] = {}
        for name, is_idle, rooms in sessions:
            for room in rooms:
                if not (name and room.key):
                    continue
                known = found.setdefault(room.key, {}).get(name)
                # Of somebody's several pages the first, and the one that is looked at.
                since = min(room.since, known["since"]) if known else room.since
                idle = is_idle and (known["idle"] if known else True)
                found[room.key][name] = {"name": name, "since": round(since), "idle": idle}
        own = {key: list(people.values())[:MOST] for key, people in found.items()}
        has_changed, self.own = own != self.own, own
        return has_changed

    def here(self, room: str) -> list[Here]:
        """Return who is in a room, each once, by name."""
        now = time.monotonic()
        self._others = {
            name: told for name, told in self._others.items() if now - told[0] < FORGOTTEN_SECONDS
        }
        found: dict[str, Here] = {}
        for people in [self.own, *(rooms for _at, rooms in self._others.values())]:
            for one in people.get(room, ()):
                known = found.get(one["name"])
                if known is None or (known["idle"] and not one["idle"]):
                    found[one["name"]] = one
        return sorted(found.values(), key=lambda one: str(one["name"]))[:MOST]
