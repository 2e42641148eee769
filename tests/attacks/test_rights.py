"""Every route, call, frame and admin page, asked by everybody: the answer is the expected one.

A route without a row fails, so that what comes later cannot be forgotten here.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, get_resolver
from django.utils.functional import LazyObject

from dashboards.api import api
from dashboards.live import identity, session
from dashboards.live.frames import KINDS
from devices.access import throttle
from tests.attacks.people import PEOPLE, World, make_world
from tests.attacks.rights_table import BODIES, ROWS, Row

pytestmark = pytest.mark.usefixtures("tables")
# Of admin; the pages that staff may open without any permission.
FOR_STAFF = {"admin/", "admin/password_change/", "admin/password_change/done/", "admin/jsi18n/"}
FOR_ALL = {"admin/login/", "admin/logout/"}


@pytest.fixture
def world(settings: Any) -> World:
    settings.MQTT_REGISTRATION = "accept"
    return make_world()


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Yield every route that there is."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield here
        else:
            yield from routes(pattern.url_patterns, here)


def calls() -> Iterator[tuple[str, str]]:
    """Yield route and method of each call of the API."""
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            route = "api/v1" + prefix + path
            plain = re.sub(r"{(\w+:)?(\w+)}", lambda m: f"<{m[1] or ''}{m[2]}>", route)
            for operation in view.operations:
                for method in operation.methods:
                    yield plain, method


def test_no_route_is_without_a_row() -> None:
    pages = {route for route in routes() if not route.startswith(("admin/", "x/"))}
    assert pages == {row.route for row in ROWS}
    assert set(calls()) == {
        (row.route, row.method)
        for row in ROWS
        if row.route.startswith("api/v1/") and row.route not in NO_CALLS
    }


# They make a snapshot of their own.
READS = {"api/v1/live", "api/v1/alarm-rules/back-test"}
NO_CALLS = {"api/v1/", "api/v1/openapi.json", "api/v1/docs"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.url} {row.body}")
def test_pages_and_calls(world: World, row: Row) -> None:
    found = {}
    for person in PEOPLE:
        throttle._failures.clear()
        # What reads makes a snapshot of its own.
        reads = row.method == "GET" or row.route in READS
        with nullcontext() if reads else transaction.atomic():
            found[person] = world.ask(person, row.method, row.url, BODIES[row.body]).status_code
            if not reads:
                transaction.set_rollback(True)
    expected = dict(zip(PEOPLE, row.expected, strict=True))
    assert found == expected


# What boards read.
FOR_LINKS = {"api/v1/readings", "api/v1/readings/at", "api/v1/aggregates", "api/v1/live"}


def test_a_link_gives_what_boards_read_and_nothing_else(world: World) -> None:
    world.clients["nobody"].defaults["HTTP_AUTHORIZATION"] = f"Bearer {world.grant}"
    for row in ROWS:
        throttle._failures.clear()
        reads = row.method == "GET" or row.route in FOR_LINKS
        with nullcontext() if reads else transaction.atomic():
            found = world.ask("nobody", row.method, row.url, BODIES[row.body])
            if not reads:
                transaction.set_rollback(True)
        wanted = 200 if row.route in FOR_LINKS else row.expected[0]
        assert found.status_code == wanted, row
        if row.route in FOR_LINKS:
            # Nothing is on that board.
            told = found.content.replace(b" ", b"")
            assert b"press/t" not in told.replace(b'"denied":["press/t"]', b""), row


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        # ack: something is shown; denied: nothing of it; err: not at all; "": no answer.
        ("series", " denied ack ack ack denied denied err  ack"),
        ("latest", " denied ack ack ack denied denied err  ack"),
        ("fleet", " nothing here here here there nothing here  all"),
        ("jobs", " 0 0 3 0 0 0 err  3"),
        ("room", " err 1 1 1 err err err  1"),
        ("me", " 0 1 0 0 0 0 err  0"),
        ("alarms", " 0 1 1 1 0 0 err  1"),
    ],
)
def test_subscriptions(world: World, kind: str, answers: str) -> None:
    """Frames of sockets and of polling are parsed and answered by the same code."""
    found = [_shown(world, person, kind) for person in PEOPLE]
    assert " ".join(found) == answers


def _shown(world: World, person: str, kind: str) -> str:
    sub = {"t": "sub", "id": 1, "kind": kind, **({"keys": ["press/t"]} if "e" in kind[:2] else {})}
    if kind == "latest":
        sub["keys"] = ["press/t"]
    if kind == "room":
        sub = {"t": "sub", "id": 1, "kind": "room", "device": "press"}
    if kind in {"me", "alarms"}:
        sub = {"t": "sub", "id": 1, "kind": kind}
    answer = world.ask(person, "POST", "/api/v1/live", {"subs": [sub]})
    if answer.status_code != 200:
        return ""
    frames = {frame["t"]: frame for frame in answer.json()["frames"]}  # type: ignore[attr-defined]
    if "err" in frames:
        return "err"
    if kind == "fleet":
        seen = {site for site, counts in frames["upd"]["sites"].items() if sum(counts.values())}
        return {0: "nothing", 1: next(iter(seen), ""), 2: "all"}[len(seen)]
    names = {"jobs": "jobs", "room": "notes", "me": "mentions", "alarms": "alarms"}
    if kind in names:
        return str(len(frames["upd"][names[kind]]))
    return "denied" if frames["ack"]["denied"] else "ack"


def test_every_kind_and_frame_is_looked_at() -> None:
    assert set(KINDS) == {"series", "latest", "fleet", "jobs", "room", "me", "alarms"}
    source = Path(session.__file__).read_text()
    frames = set(re.findall(r'case "(\w+)"', source))
    # All but `sub` concern what the socket shows already.
    assert frames == {"sub", "unsub", "rx", "ping", "pause", "resume", "auth"}


@pytest.mark.parametrize("person", PEOPLE)
def test_whose_a_socket_is(world: World, person: str) -> None:
    client = world.clients[person]
    scope: dict[str, Any] = {"cookies": {k: v.value for k, v in client.cookies.items()}}
    if person not in {"nobody", "kiosk", "revoked"}:
        request = client.get("/login/").wsgi_request
        # As Channels gives it: what it stands for is not there until it is looked at.
        lazy: Any = LazyObject()
        lazy._wrapped = request.session
        scope |= {"user": request.user, "session": lazy}
    found = identity.of_page(scope)
    assert (found is None) == (person in {"nobody", "revoked"})
    assert identity.of_token("was") is None
    if found is not None:
        told = found.scope_now()
        assert told is not None
        keys = set(told.devices().values_list("key", flat=True))
        here = {"viewer", "operator", "manager", "kiosk"}
        expected = {"press"} if person in here else {"other"} if person == "elsewhere" else set()
        assert keys == ({"press", "other"} if person == "root" else expected)


def admin_pages(objects: dict[str, Any]) -> Iterator[str]:
    """Yield the address of each page of admin, with objects that there are."""
    for route in routes():
        if not route.startswith("admin/") or "(?P<" in route:
            continue
        model = "_".join(route.split("/")[1:3])
        pk = objects.get(model)
        if "<path:content_type_id>" in route or ("<" in route and pk is None):
            continue
        yield re.sub(r"<[^>]+>", str(pk), route)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_admin(world: World, method: str) -> None:
    wrong: list[tuple[str, str, int]] = []
    for page in admin_pages(world.names["objects"]):
        for person in PEOPLE:
            if page in FOR_ALL or (method == "POST" and person in {"root"}):
                continue
            with transaction.atomic():
                status = world.ask(person, method, f"/{page}", {} if method == "POST" else None)
                transaction.set_rollback(True)
            if not _expected(page, person)(status.status_code):
                wrong.append((page, person, status.status_code))
    assert not wrong, repr(wrong)


def _expected(page: str, person: str) -> Callable[[int], bool]:
    is_object = re.fullmatch(r"admin/\w+/\w+/\d+/", page) is not None  # redirects to `change`
    if person == "root":
        return lambda status: status in {200, 302, 403}  # 403: nobody may add tokens, for example
    if person != "staff" or is_object:
        return lambda status: status == 302
    if page in FOR_STAFF:
        return lambda status: status in {200, 302, 405}
    return lambda status: status in {403, 404, 405}
