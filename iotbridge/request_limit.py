"""So many requests at a time, of all and of each person; others wait their turn.

A request has a thread and a database connection of its own. A crowd of them would take
every connection that the server has (PostgreSQL's default: 100), workers' included. What the
requests of a person cost the database within a minute is bounded, too.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.http import parse_cookie

from dashboards.live.identity import KIOSK_COOKIE
from devices.addresses import client_of_scope
from devices.queries.budget import REQUEST_SECONDS, Budget, budgeted
from iotbridge.asgi_backpressure import ABORT

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
# Answered at any time: supervisors ask.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
PROBES_AT_ONCE = 4
# Who waits longer than this is told to come back.
WAIT_SECONDS = 30.0
# One person's part of the turns.
PERSONS_PART = 4
# Answers that are read slowly, of one address or person and of all: they hold a thread each.
SLOW_OF_PERSON, SLOW_AT_ONCE = 8, 64
# Where ingest lives in the same process: it comes first.
BESIDE_INGEST = 8
# What a person's requests may cost the database within a minute, in s.
PERSON_SECONDS = 120.0
MINUTE = 60.0
# Where a request's scope holds who asks.
ASKER = "iotbridge.asker"
# Persons that are remembered.
PERSONS = 10_000
_BUSY = b"Too many requests at a time; try again in a few seconds.\n"
_TOO_MUCH = b"Your requests keep the database too busy; try again in half a minute.\n"


class Person:
    """Whoever asks: an account, or an address; and what says to be one, until that is known."""

    def __init__(self, turns: int) -> None:
        self.turns = asyncio.Semaphore(turns)
        # Answers that are under way without a turn.
        self.slow = 0
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


@dataclass(slots=True)
class Asker:
    """What a request says of who sends it.

    Args:
        said: its session, token, screen, as digests.
        address: where it comes from.
        account: whose it has shown to be; empty: nobody has looked.
    """

    said: list[bytes]
    address: str
    account: str = ""


class Persons:
    """Those who asked lately."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._known: OrderedDict[bytes, Person] = OrderedDict()
        # Sessions and tokens that were found good, with whose they are.
        self._accounts: OrderedDict[bytes, bytes] = OrderedDict()

    def of(self, asker: Asker) -> list[Person]:
        """Return who may be the asker.

        A session or token that is not known to be good could have been made up for this
        request: its address counts as well.
        """
        keys = {self._accounts.get(key, key) for key in asker.said}
        if not asker.said or not all(key in self._accounts for key in asker.said):
            keys.add(_digest(f"address {asker.address}"))
        return [self._person(key) for key in sorted(keys)]

    def know(self, asker: Asker) -> None:
        """Note whose the session or token is, where `tell_account` has said so."""
        # With two of them it is not told which one was good.
        if asker.account and len(asker.said) == 1:
            (key,) = asker.said
            self._accounts[key] = _digest(f"account {asker.account}")
            self._accounts.move_to_end(key)
            while len(self._accounts) > PERSONS:
                self._accounts.popitem(last=False)

    def _person(self, key: bytes) -> Person:
        person = self._known.get(key)
        if person is None:
            person = self._known[key] = Person(self._turns)
            if len(self._known) > PERSONS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return person


def keys_of(scope: dict[str, Any]) -> list[bytes]:
    """Return what says who asks, as digests: they are secrets.

    All that could be looked at counts, so that nothing beside it makes somebody else of a
    person: session, token, and screen.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in scope.get("headers", ()):
        headers[name] = headers[name] + b"; " + value if name in headers else value
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    said = [
        cookies[name] for name in (settings.SESSION_COOKIE_NAME, KIOSK_COOKIE) if name in cookies
    ]
    kind, _blank, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() == "bearer":
        said.append(f"token {token.strip()}")
    return [_digest(text) for text in dict.fromkeys(said)]


def asker_of(scope: dict[str, Any]) -> Asker:
    """Return who sends the request of an ASGI scope."""
    return Asker(keys_of(scope), client_of_scope(scope))


def tell_account(scope: dict[str, Any], pk: object) -> None:
    """Say that the request of an ASGI scope has shown to be of an account."""
    if ASKER in scope:
        scope[ASKER].account = str(pk)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def bounded(application: App, most: int) -> App:
    """Return `application`, which answers at most `most` requests at a time."""
    turns = asyncio.Semaphore(most)
    # A browser opens six connections; where there are few turns, two are left for others.
    persons = Persons(max(1, most // PERSONS_PART, min(6, most - 2)))
    probes = asyncio.Semaphore(PROBES_AT_ONCE)
    slow = _Slow()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] in PROBES:
            async with probes:
                await application(scope, receive, send)
            return
        asker = asker_of(scope)
        people = persons.of(asker)
        scope = {**scope, ASKER: asker}
        if any(person.cost() > PERSON_SECONDS for person in people):
            await _refuse(send, 429, _TOO_MUCH, 30)
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                turn = await _Turn.take(*(person.turns for person in people), turns)
        except TimeoutError:
            await _refuse(send, 503, _BUSY, 5)
            return
        budget = Budget()
        goes_on = False
        answer = _Answer(people, asker.address, scope.get(ABORT, _nothing))

        async def send_on(message: Any) -> None:
            nonlocal goes_on
            # A file that is being read, slowly perhaps, holds up nobody; but for so many.
            if message.get("more_body") and not goes_on and slow.begin(answer):
                goes_on = True
                turn.end()
            await send(message)

        try:
            with budgeted(budget):
                await application(scope, receive, send_on)
        finally:
            turn.end()
            persons.know(asker)
            if goes_on:
                slow.end(answer)
            # Whose it was may be known by now.
            for person in persons.of(asker):
                person.charge(min(budget.spent, REQUEST_SECONDS))

    return app


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """An answer: to whom, where they are, and what cuts it off."""

    people: list[Person]
    address: str
    abort: Callable[[], None]


class _Slow:
    """The answers that are under way without a turn, the oldest first."""

    def __init__(self) -> None:
        self._answers: dict[_Answer, None] = {}

    def begin(self, answer: _Answer) -> bool:
        """Count an answer; False where its person has too many: it keeps one of their turns.

        Of too many in all, the oldest of the address with the most is cut off: whoever makes up
        persons has many at one place.
        """
        if any(person.slow >= SLOW_OF_PERSON for person in answer.people):
            return False
        if len(self._answers) >= SLOW_AT_ONCE and not self._cut_one():
            return False
        self._answers[answer] = None
        for person in answer.people:
            person.slow += 1
        return True

    def _cut_one(self) -> bool:
        """Cut one off; False where each is at another place: nobody has too many."""
        counts = Counter(answer.address for answer in self._answers)
        most = max(counts, key=lambda address: counts[address])
        if counts[most] == 1:
            return False
        oldest = next(answer for answer in self._answers if answer.address == most)
        self.end(oldest)
        oldest.abort()
        return True

    def end(self, answer: _Answer) -> None:
        """Count it no more."""
        if answer in self._answers:
            del self._answers[answer]
            for person in answer.people:
                person.slow -= 1


class _Turn:
    """A turn that ends once: of a person, and of all."""

    def __init__(self) -> None:
        self._turns: tuple[asyncio.Semaphore, ...] = ()

    @classmethod
    async def take(cls, *wanted: asyncio.Semaphore) -> "_Turn":
        """Wait for a turn of each, the person's own first: their crowd waits there."""
        turn = cls()
        try:
            for turns in wanted:
                await turns.acquire()
                turn._turns += (turns,)
        except BaseException:
            turn.end()
            raise
        return turn

    def end(self) -> None:
        held, self._turns = self._turns, ()
        for turns in held:
            turns.release()


async def _refuse(send: Any, status: int, words: bytes, seconds: int) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"retry-after", b"%d" % seconds),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
