"""So many requests at a time, of all and of each person; others wait their turn.

A request has a thread and a database connection of its own. A crowd of them would take
every connection that the server has (PostgreSQL's default: 100), workers' included. What the
requests of a person cost the database within a minute is bounded, too.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings

from dashboards.live.identity import KIOSK_COOKIE
from devices.addresses import counted_as
from devices.queries.budget import REQUEST_SECONDS, Budget, budgeted

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
# Answered at any time: supervisors ask.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
# Who waits longer than this is told to come back.
WAIT_SECONDS = 30.0
# One person's part of the turns.
PERSONS_PART = 4
# Where ingest lives in the same process: it comes first.
BESIDE_INGEST = 8
# What a person's requests may cost the database within a minute, in s.
PERSON_SECONDS = 120.0
MINUTE = 60.0
# Persons that are remembered.
PERSONS = 10_000
_BUSY = b"Too many requests at a time; try again in a few seconds.\n"
_TOO_MUCH = b"Your requests keep the database too busy; try again in half a minute.\n"


class Person:
    """Whoever asks: by session, token or screen, else by address."""

    def __init__(self, turns: int) -> None:
        self.turns = asyncio.Semaphore(turns)
        self._cost = 0.0
        self._at = time.monotonic()

    def cost(self) -> float:
        """Return what the last requests have cost, in s: less and less as time goes on."""
        now = time.monotonic()
        self._cost *= max(0.0, 1 - (now - self._at) / MINUTE)
        self._at = now
        return self._cost

    def charge(self, seconds: float) -> None:
        """Add what a request has cost."""
        self._cost = self.cost() + seconds


class Persons:
    """Those who asked lately."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._known: OrderedDict[bytes, Person] = OrderedDict()

    def of(self, scope: dict[str, Any]) -> Person:
        """Return who sends the request of this ASGI scope."""
        key = key_of(scope)
        person = self._known.get(key)
        if person is None:
            person = self._known[key] = Person(self._turns)
            if len(self._known) > PERSONS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return person


def key_of(scope: dict[str, Any]) -> bytes:
    """Return what tells a person from others, as a digest: it holds secrets."""
    headers = dict(scope.get("headers", ()))
    said = headers.get(b"authorization", b"") or _cookie(headers.get(b"cookie", b""))
    address = (scope.get("client") or ("",))[0]
    return blake2b(said or counted_as(address).encode(), digest_size=16).digest()


def _cookie(header: bytes) -> bytes:
    try:
        cookies = SimpleCookie(header.decode("latin-1"))
    except CookieError:
        return b""
    for name in (settings.SESSION_COOKIE_NAME, KIOSK_COOKIE):
        if name in cookies:
            return cookies[name].value.encode("latin-1", "replace")
    return b""


def bounded(application: App, most: int) -> App:
    """Return `application`, which answers at most `most` requests at a time."""
    turns = asyncio.Semaphore(most)
    persons = Persons(max(1, most // PERSONS_PART))

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] in PROBES:
            await application(scope, receive, send)
            return
        person = persons.of(scope)
        if person.cost() > PERSON_SECONDS:
            await _refuse(send, 429, _TOO_MUCH, 30)
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                turn = await _Turn.take(person.turns, turns)
        except TimeoutError:
            await _refuse(send, 503, _BUSY, 5)
            return
        budget = Budget()

        async def send_on(message: Any) -> None:
            # A file that is being read, slowly perhaps, holds up nobody.
            if message.get("more_body"):
                turn.end()
            await send(message)

        try:
            with budgeted(budget):
                await application(scope, receive, send_on)
        finally:
            turn.end()
            person.charge(min(budget.spent, REQUEST_SECONDS))

    return app


class _Turn:
    """A turn that ends once: of a person, and of all."""

    def __init__(self, *turns: asyncio.Semaphore) -> None:
        self._turns = turns

    @classmethod
    async def take(cls, own: asyncio.Semaphore, all_turns: asyncio.Semaphore) -> "_Turn":
        """Wait for a turn; a person's crowd waits for its own."""
        await own.acquire()
        try:
            await all_turns.acquire()
        except BaseException:
            own.release()
            raise
        return cls(own, all_turns)

    def end(self) -> None:
        for turns in self._turns:
            turns.release()
        self._turns = ()


async def _refuse(send: Any, status: int, words: bytes, seconds: int) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"retry-after", b"%d" % seconds),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
