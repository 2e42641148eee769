"""What a hostile or broken program sends to every route: refused in words, never a 500."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.api import api
from devices.models import Job
from tests.attacks.people import World, make_world
from tests.attacks.rights_table import BODIES, ROWS, Row

pytestmark = pytest.mark.usefixtures("tables")

DATES = (
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "9999-12-31", "1e308", "-1e308"),
    *("nan", "inf", "-inf", "253402300799999", "-62135596800000", "2026-02-30", "\U0001d7d8", " "),
    *("2026-11-29T24:00:00Z", "1" * 400, "2026-11-29T12:00:00+99:99"),
)
TEXTS = (
    "",
    "\ufffe",
    "\u202e",
    "%",
    "_",
    "'",
    '"',
    "\\",
    "a" * 900,
    "9" * 5_000,
    "000000001" + "9" * 400,
    "{{site}}",
    "\x7f",
)
# What pages read of their address.
NAMES = (
    *("from", "to", "search", "site", "device_type", "type", "tag", "state", "page", "metric"),
    *("device", "filter", "range", "zone", "next", "fragment", "compare"),
    *("q", "hours", "mentions", "board", "var-press", "until", "by", "sort", "view", "hidden"),
    *("turn", "span", "metric"),
)
TYPES = (None, True, [], {}, [[[]]], 1e308, -1, 2**63, [2**63], [-1], "x\0y")


@pytest.fixture
def world(settings: Any) -> World:
    settings.MQTT_REGISTRATION = "accept"
    return make_world()


def parameters() -> Iterator[tuple[str, str, str]]:
    """Yield path, required query and a parameter of each GET call."""
    required = {row.url.partition("?")[0]: row.url.partition("?")[2] for row in ROWS}
    for path, methods in api.get_openapi_schema()["paths"].items():
        plain = path.replace("{key}", "press").replace("{number}", "{job}")
        for parameter in methods.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                yield plain, required.get(plain, ""), parameter["name"]


@pytest.mark.parametrize(
    ("path", "query", "name"), [*parameters()], ids=lambda text: text.partition("v1/")[2] or text
)
def test_parameters_of_calls(world: World, path: str, query: str, name: str) -> None:
    client, failed = world.clients["root"], []
    for value in [*DATES, *TEXTS, "-1", "1e9", "9" * 20]:
        given = dict(parse_qsl(query))
        answer = client.get(path.format(**world.names), {**given, name: value})
        if answer.status_code >= 500:
            failed.append((value, answer.status_code))
    assert not failed


def test_parameters_of_pages(world: World) -> None:
    """Pages pass over what they cannot read: all of it at once."""
    client, failed = world.clients["root"], []
    pages = {row.url.partition("?")[0] for row in ROWS if row.method == "GET"}
    for path in (page for page in pages if not page.startswith("/api/")):
        for value in [*DATES, *TEXTS, "-1", "9" * 20]:
            answer = client.get(path.format(**world.names), dict.fromkeys(NAMES, value))
            if answer.status_code >= 500:
                failed.append((path, value, answer.status_code))
    assert not failed


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.method in {"POST", "PATCH"} and isinstance(BODIES[row.body], dict)],
    ids=lambda row: f"{row.method} {row.url} {row.body}",
)
def test_fields_of_forms_and_calls(world: World, row: Row) -> None:
    """Each field, one at a time, holds something odd."""
    body, failed = BODIES[row.body], []
    is_call = row.route.startswith("api/")
    for name in body:
        odd = [*TEXTS, *(DATES if name in {"from", "to"} else DATES[:2])]
        for value in [*odd, *(TYPES if is_call else TYPES[-1:])]:
            Job.objects.filter(kind="export", state=Job.State.WAITING).delete()  # ten at most
            answer = world.ask("root", row.method, row.url, {**body, name: value})
            if answer.status_code >= 500:
                failed.append((name, value, answer.status_code, answer.content[:200]))
    assert not failed


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\\ud800"}',
        b'{"name": "\\u0000"}',
        b'{"name": ["\\udfff"]}',
        b'{"\\ud800": 1}',
        b"[" * 100_000,
        b'{"name": 1e999}',
        b"\xff\xfe",
        b"",
        b"null",
        b"NaN",
        b'{"name": "x", "name": "y", "__proto__": 1}',
    ],
)
def test_bodies_that_are_no_good_json(world: World, body: bytes) -> None:
    client = world.clients["root"]
    for row in ROWS:
        if row.route.startswith("api/") and row.method in {"POST", "PATCH"}:
            path = row.url.format(**world.names)
            answer = client.generic(row.method, path, body, content_type="application/json")
            assert answer.status_code < 500, (path, answer.content)


def test_a_backslash_before_what_looks_like_nul_is_a_text(world: World) -> None:
    answer = world.ask("root", "PATCH", "/api/v1/devices/press", {"name": "C:\\u0000"})
    assert answer.status_code == 200
    assert json.loads(answer.content)["name"] == "C:\\u0000"


def test_what_is_too_long_is_refused_by_its_name(world: World) -> None:
    client = world.clients["root"]
    answer = client.get("/", {"tag": "x" * 2_000})
    assert (answer.status_code, answer.content) == (400, b"tag may have 1000 characters.")
    answer = client.get("/api/v1/devices", {"search": "x" * 101})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "search")
    answer = client.get("/api/v1/devices", {"search": "a b c d e f g h i"})
    assert answer.json()["detail"] == "search: 8 words are allowed"
    answer = client.get("/api/v1/readings", {"keys": ",".join(f"a/{n}" for n in range(501))})
    assert answer.json()["detail"] == "501 keys, 500 are allowed in a call"


@pytest.mark.parametrize(
    "path", ["/", "/admin/devices/device/?q=", "/admin/mqtt_ingest/deadletter/?q="]
)
def test_a_search_of_many_words_costs_what_eight_do(
    world: World, path: str, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection

    client = world.clients["root"]
    words = " ".join(str(n) for n in range(200))
    name = "q" if "admin" in path else "search"
    with django_assert_max_num_queries(60):
        assert client.get(path.partition("?")[0], {name: words}).status_code == 200
    assert max(query["sql"].count("LIKE") for query in connection.queries) <= 8 * 4


def test_one_call_reads_no_more_than_its_share(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement is short; a polling call could ask for any number of them."""
    from devices.queries import budget

    monkeypatch.setattr(budget, "REQUEST_ROWS", 1)
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (budget.REQUEST_SECONDS, 1))
    subs = [{"t": "sub", "id": n, "keys": ["press/t"]} for n in range(5)]
    frames = world.ask("root", "POST", "/api/v1/live", {"subs": subs}).json()["frames"]  # type: ignore[attr-defined]
    told = [frame.get("code", "") for frame in frames if frame["t"] in {"ack", "err"}]
    assert told == ["", "too_many", "too_many", "too_many", "too_many"]


def test_one_call_takes_no_longer_than_its_share(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from devices.queries import budget

    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (0.0, budget.REQUEST_ROWS))
    page = world.ask("root", "GET", "/")
    assert page.status_code == 503
    assert "This took too long" in page.content.decode()
    answer = world.ask("root", "GET", "/api/v1/devices")
    assert answer.status_code in {422, 503}


def test_private_answers_are_kept_nowhere(world: World) -> None:
    for row in (row for row in ROWS if row.method == "GET"):
        answer = world.ask("operator", "GET", row.url)
        assert answer["Cache-Control"], row.url
        if "static" not in row.url and answer.status_code == 200:
            assert "no-store" in answer["Cache-Control"], row.url


def test_whoever_may_not_is_told_so_on_a_page() -> None:
    get_user_model().objects.create_user("vera")
    client = Client()
    client.force_login(get_user_model().objects.get())
    page = client.get("/inspect")
    assert page.status_code == 403
    assert "Not allowed" in page.content.decode()
