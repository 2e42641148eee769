"""What a link to a board does not give, whoever has it, edits the board, or made it."""

import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from dashboards.boards import store
from dashboards.logbook import places, writing
from dashboards.models import Board
from dashboards.sharing import links, visitors
from devices.models import Device, Membership, Series, Site
from tests.support.database import insert_readings

pytestmark = pytest.mark.usefixtures("tables")
HOUR_US = 3_600_000_000
EVERYTHING = [
    {"id": "d", "kind": "devices", "x": 0, "y": 0, "w": 12, "h": 5, "options": {}},
    {"id": "s", "kind": "states", "x": 0, "y": 5, "w": 4, "h": 3, "options": {}},
    {"id": "v", "kind": "value", "x": 4, "y": 5, "w": 3, "h": 2, "options": {"key": "theirs/t"}},
]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    visitors._kept.clear()


@pytest.fixture
def root() -> Any:
    """Return a superuser, in a world with a site of ours and one of theirs."""
    now = time.time_ns() // 1_000
    for slug in ("ours", "theirs"):
        site = Site.objects.create(slug=slug, name=slug.title())
        device = Device.objects.create(key=slug, name=f"Machine of {slug}", site=site)
        series = Series.objects.create(device=device, metric="t", unit="°C")
        insert_readings(series, [(now - 5 * HOUR_US, 42.5), (now - 1_000_000, 7)])
    return get_user_model().objects.create_superuser("root")


def operator(name: str) -> Any:
    user = get_user_model().objects.create_user(name)
    site = Site.objects.get(slug="ours")
    Membership.objects.create(user=user, site=site, role="operator")
    return user


def shared_board(user: Any, *widgets: dict[str, Any], slug: str = "oil") -> Board:
    site = Site.objects.get(slug="ours")
    made = store.make(user, "Oil", {"widgets": list(widgets)}, slug, site=site, shared="site")
    return store.publish(made, user)


def page_of(link: Any, turn: int = 0) -> str:
    address = reverse("shared", args=[links.address_of(link)])
    return str(Client().get(address, {"turn": turn}).content.decode())


def bearer(link: Any, turn: int = 0) -> Client:
    return Client(HTTP_AUTHORIZATION=f"Bearer {visitors.grant_of(link, turn)}")


def test_whoever_edits_a_board_shows_nothing_that_only_the_links_maker_sees(root: Any) -> None:
    board = shared_board(operator("oper"))
    link = links.make(board, root)
    other = operator("other")
    draft = {**board.draft, "widgets": EVERYTHING}
    store.publish(store.save_draft(board, other, board.draft, draft), other)
    page = page_of(link)
    assert "Machine of ours" in page
    assert "Machine of theirs" not in page
    assert "Theirs" not in page
    found = bearer(link).get("/api/v1/readings?keys=theirs/t,ours/t").json()
    assert found["denied"] == ["theirs/t"]
    # Once the maker has looked at it, and published it, it is theirs to show.
    store.publish(Board.objects.get(), root)
    visitors._kept.clear()
    assert "Machine of theirs" in page_of(link)


def test_nobody_answers_for_what_was_published_by_who_is_gone(root: Any) -> None:
    other = operator("other")
    link = links.make(shared_board(other, *EVERYTHING), root)
    Board.objects.update(owner=root)
    other.delete()
    assert "Machine of" not in page_of(link)


def test_a_link_is_told_to_nobody_but_who_made_it(root: Any) -> None:
    oper = operator("oper")
    board = shared_board(oper)
    link = links.make(board, root)
    address = links.address_of(link)
    client = Client()
    client.force_login(oper)
    (told,) = client.get(f"/api/v1/boards/{board.slug}/links").json()
    assert (told["url"], told["by"]) == ("", "root")
    page = client.get(f"/boards/{board.slug}/share").content.decode()
    assert "Made by root" in page
    assert address not in page
    client.force_login(root)
    assert address in client.get(f"/boards/{board.slug}/share").content.decode()
    (told,) = client.get(f"/api/v1/boards/{board.slug}/links").json()
    assert address in told["url"]


def test_a_turn_is_taken_over_by_nobody(root: Any) -> None:
    oper = operator("oper")
    second = shared_board(oper, slug="second")
    link = links.make(shared_board(root, slug="first"), root, turns=[second])
    second.delete()
    mine = store.make(oper, "Taken over", {"widgets": EVERYTHING}, "second")
    store.publish(mine, oper)
    assert "Taken over" not in page_of(link, 1)
    assert bearer(link, 1).get("/api/v1/readings?keys=ours/t").status_code == 401


def test_nothing_is_told_from_before_a_links_reach(root: Any) -> None:
    key = {"key": "ours/t"}
    widgets = [
        {"id": "v", "kind": "value", "x": 0, "y": 0, "w": 3, "h": 2, "options": key},
        {"id": "d", "kind": "devices", "x": 0, "y": 2, "w": 9, "h": 5, "options": {"site": "ours"}},
    ]
    link = links.make(shared_board(root, *widgets), root, reach_s=3_600)
    client = bearer(link)
    series = Series.objects.get(device__key="ours")
    before = time.time_ns() // 1_000_000 - 3 * 3_600_000
    past = client.get(f"/api/v1/readings/at?keys=ours/t&ts={before}").json()
    assert (past["values"], past["states"]) == ([], {})
    now = client.get(f"/api/v1/readings/at?keys=ours/t&ts={before + 3 * 3_600_000}").json()
    assert now["values"][0]["value"] == 7
    assert now["states"]["ours"]["state"] == "online"

    # The newest one is of before, too.
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_reading WHERE value = 7")
        cursor.execute("UPDATE devices_latest SET ts = ts - %s, value = 42.5", [5 * HOUR_US])
    assert series.pk
    page = page_of(link)
    assert "42.5" not in page
    latest = {"t": "sub", "id": 1, "kind": "latest", "keys": ["ours/t"]}
    body = {"subs": [latest]}
    answer = client.post("/api/v1/live", body, content_type="application/json").json()
    assert "42.5" not in str(answer)


def test_notes_and_names_are_shown_by_no_link(root: Any) -> None:
    note = {"id": "n", "kind": "logbook", "x": 0, "y": 0, "w": 4, "h": 4}
    board = shared_board(root, {**note, "options": {"device": "ours"}})
    place = places.Place("device", Device.objects.get(key="ours"))
    writing.write(place, root, "The password of the PLC is 4711, says @root")
    page = page_of(links.make(board, root))
    assert "4711" not in page
    assert "@root" not in page


def test_who_may_make_no_links_any_more_shows_nothing(root: Any) -> None:
    oper = operator("oper")
    link = links.make(shared_board(oper, *EVERYTHING), oper)
    assert "Machine of ours" in page_of(link)
    Membership.objects.update(role="viewer")
    assert links.find(links.address_of(link)) is None
    assert visitors.visitor(visitors.grant_of(link, 0)) is None


def test_a_board_shows_no_pictures_of_others_not_even_their_size(root: Any) -> None:
    from dashboards.pictures import storing

    drawing = b"<svg xmlns='http://www.w3.org/2000/svg' width='123' height='77'/>"
    secret = storing.keep(drawing, root, board=shared_board(root, slug="secret"))
    oper = operator("oper")
    shown = {"id": "p", "kind": "picture", "x": 0, "y": 0, "w": 4, "h": 4}
    board = shared_board(oper, {**shown, "options": {"picture": secret.pk}})
    client = Client()
    client.force_login(oper)
    page = client.get(f"/boards/{board.slug}/").content.decode()
    assert "There is no such picture" in page
    assert "123" not in page


@pytest.mark.parametrize("end", ["2030-01-01", "9000-01-01", ""])
def test_no_bin_tells_of_what_was_before_a_links_reach(root: Any, end: str) -> None:
    series = Series.objects.get(device__key="ours")
    now = time.time_ns() // 1_000
    insert_readings(series, [(now - n * HOUR_US // 60, 1.0) for n in range(1, 50)])
    shown = {"id": "v", "kind": "lines", "x": 0, "y": 0, "w": 3, "h": 2}
    widget = {**shown, "options": {"keys": ["ours/t"]}}
    client = bearer(links.make(shared_board(root, widget), root, reach_s=3_600))
    to = f"&to={end}" if end else ""
    for points in (2, 3, 10, 600):
        query = f"keys=ours/t&from=2020-01-01&points={points}{to}"
        found = client.get(f"/api/v1/readings?{query}").json()["series"][0]
        earliest = time.time() * 1_000 - 3_600_000 - 5_000
        assert all(ts >= earliest for ts in found["ts"])
        assert "42.5" not in str(found)
        sub = {"t": "sub", "id": 1, "keys": ["ours/t"], "from": -9e9, "points": points}
        body = {"subs": [sub]}
        answer = client.post("/api/v1/live", body, content_type="application/json").json()
        assert "42.5" not in str(answer)


def test_when_a_device_was_heard_before_a_links_reach_is_not_told(root: Any) -> None:
    from datetime import timedelta

    from django.utils import timezone

    before = timezone.now() - timedelta(days=3)
    Device.objects.update(last_seen=before, status="offline", status_since=before)
    table = {"id": "t", "kind": "table", "x": 0, "y": 0, "w": 9, "h": 2}
    widgets = [
        {**table, "options": {"keys": ["ours/t"], "devices": ["ours"]}},
        {"id": "d", "kind": "devices", "x": 0, "y": 2, "w": 9, "h": 5, "options": {}},
    ]
    link = links.make(shared_board(root, *widgets), root, reach_s=3_600)
    page = page_of(link)
    assert "Machine of ours" in page
    assert f"{before.timestamp():.0f}"[:8] not in page
    assert "d ago" not in page
    sub = {"t": "sub", "id": 1, "kind": "latest", "keys": ["ours/t"]}
    answer = bearer(link).post("/api/v1/live", {"subs": [sub]}, content_type="application/json")
    assert f"{before.timestamp():.0f}"[:8] not in str(answer.json())


def test_copies_of_boards_count_with_ones_pictures(
    root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboards.models import Picture
    from dashboards.pictures import storing

    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g/>" * 500 + b"</svg>"
    board = shared_board(root)
    kept = storing.keep(drawing, root, board=board)
    shown = {"id": "p", "kind": "picture", "x": 0, "y": 0, "w": 4, "h": 4}
    draft = {**board.draft, "widgets": [{**shown, "options": {"picture": kept.pk}}]}
    store.publish(store.save_draft(board, root, board.draft, draft), root)
    oper = operator("oper")
    client = Client()
    client.force_login(oper)
    monkeypatch.setattr(storing, "OF_PERSON", 2 * len(kept.data) + 10)
    for _copy in range(5):
        client.post("/boards/mine", {"of": "board:oil"})
    assert (
        Board.objects.filter(owner=oper).count() == Picture.objects.exclude(pk=kept.pk).count() == 2
    )
    (first, *_others) = Board.objects.filter(owner=oper)
    assert first.draft["widgets"][0]["options"]["picture"] == first.pictures.get().pk != kept.pk


def test_sums_tell_nothing_of_the_last_reading_before_a_links_reach(root: Any) -> None:
    series = Series.objects.get(device__key="ours")
    now = time.time_ns() // 1_000
    hour = now // HOUR_US * HOUR_US
    insert_readings(series, [(hour - n * HOUR_US + 5_000_000, 100.0 - n) for n in (1, 2, 3)])
    insert_readings(series, [(hour - 30 * HOUR_US, 1.0)])
    shown = {"id": "v", "kind": "lines", "x": 0, "y": 0, "w": 3, "h": 2}
    widget = {**shown, "options": {"keys": ["ours/t"]}}
    client = bearer(links.make(shared_board(root, widget), root, reach_s=4 * 3_600))
    query = "keys=ours/t&from=2020-01-01&bucket=hour"
    since = f"{hour // 1_000 - 100 * 3_600_000}"
    query = query.replace("2020-01-01", since)
    found = client.get(f"/api/v1/aggregates?{query}").json()["series"][0]
    counted = [n for n, count in enumerate(found["count"]) if count]
    assert found["increase"][counted[0]] is None
    assert found["increase"][counted[1]] == 1
