"""Links to boards: what they give, to whom, and what they do not."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from dashboards.boards import store
from dashboards.logbook import places, writing
from dashboards.models import Board, BoardLink
from dashboards.pictures import storing
from dashboards.sharing import links, visitors
from devices.models import Device, Membership, Series, Site
from tests.dashboards.pictures.test_pictures import picture
from tests.support.database import insert_readings

pytestmark = pytest.mark.usefixtures("tables")
DAY_US = 86_400_000_000
TILE = {"id": "a", "kind": "value", "x": 0, "y": 0, "w": 3, "h": 2, "options": {"key": "press/t"}}


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    visitors._kept.clear()


@pytest.fixture
def anna() -> Any:
    site = Site.objects.create(slug="hall", name="Hall")
    user = get_user_model().objects.create_user("anna")
    Membership.objects.create(user=user, site=site, role="operator")
    now = time.time_ns() // 1_000
    for key in ("press", "pump"):
        device = Device.objects.create(key=key, site=site, device_type="press")
        for metric in ("t", "secret"):
            series = Series.objects.create(device=device, metric=metric, unit="°C")
            insert_readings(series, [(now - n * DAY_US - 1_000, n) for n in range(20)])
    return user


def board(user: Any, *widgets: dict[str, Any], **more: Any) -> Board:
    made = store.make(user, "Oil", {"widgets": list(widgets or (TILE,)), **more})
    return store.publish(made, user)


def opened(link: BoardLink, client: Client | None = None, **query: str) -> Any:
    return (client or Client()).get(f"/shared/{links.address_of(link)}/", query)


def bearer(link: BoardLink) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {visitors.grant_of(link, 0)}"}


def test_a_link_shows_the_board_without_a_login(anna: Any) -> None:
    link = links.make(board(anna), anna)
    page = opened(link)
    text = page.content.decode()
    assert page.status_code == 200
    assert 'data-key="press/t"' in text
    assert "Oil" in text
    assert "anna" not in text
    assert "/devices/press" not in text
    assert page["X-Robots-Tag"] == "noindex"
    assert page["X-Frame-Options"] == "DENY"
    link.refresh_from_db()
    assert (link.opened, link.opened_at is None) == (1, False)
    opened(link, fragment="1")
    link.refresh_from_db()
    assert link.opened == 1


def test_its_grant_reads_what_the_board_shows_and_no_more(anna: Any) -> None:
    link = links.make(board(anna), anna, reach_s=7 * 86_400)
    client = Client(**bearer(link))
    keys = "press/t,press/secret,press/*,pump/t"
    found = client.get(f"/api/v1/readings?keys={keys}&from=2020-01-01&points=1000").json()
    assert {one["key"] for one in found["series"]} == {"press/t"}
    assert set(found["denied"]) == {"press/secret", "pump/t"}
    # Of twenty days a week, and not the whole day before it.
    assert len(found["series"][0]["ts"]) == 7
    moment = time.time_ns() // 1_000_000 - 10 * 86_400_000
    past = client.get(f"/api/v1/readings/at?keys={keys}&ts={moment}").json()
    assert past["values"] == []
    sums = client.get(f"/api/v1/aggregates?keys={keys}&from=2020-01-01&bucket=day").json()
    assert {one["key"] for one in sums["series"]} == {"press/t"}
    assert len(sums["start"]) <= 7
    year = client.get(f"/api/v1/aggregates?keys={keys}&bucket=year").json()
    assert year["start"] == []


def test_its_grant_subscribes_to_what_the_board_shows_and_no_more(anna: Any) -> None:
    client = Client(**bearer(links.make(board(anna), anna, reach_s=86_400)))
    subs: list[dict[str, Any]] = [
        {"t": "sub", "id": 1, "keys": ["press/t", "press/secret", "pump/*"], "from": -9e8},
        {"t": "sub", "id": 2, "kind": "latest", "match": {"site": "hall"}},
        *({"t": "sub", "id": 3, "kind": kind} for kind in ("fleet", "jobs", "me")),
        {"t": "sub", "id": 4, "kind": "room", "device": "press"},
    ]
    found = client.post("/api/v1/live", {"subs": subs}, content_type="application/json").json()
    frames = found["frames"]
    acks = [frame for frame in frames if frame["t"] == "ack"]
    assert [[one["key"] for one in ack["series"].values()] for ack in acks] == [
        ["press/t"],
        ["press/t"],
    ]
    assert acks[0]["denied"] == ["press/secret", "pump/*"]
    assert [frame["code"] for frame in frames if frame["t"] == "err"] == ["bad_request"] * 4
    snaps = [frame for frame in frames if frame["t"] == "snap" and frame["id"] == 1]
    rows = [columns for frame in snaps for columns in frame["cols"].values()]
    assert [len(one["ts"]) for one in rows] == [1]


@pytest.mark.parametrize(
    "end", ["revoked", "over", "blocked", "no role", "withdrawn", "off", "password"]
)
def test_a_link_ends(anna: Any, end: str, settings: Any) -> None:
    made = board(anna)
    link = links.make(made, anna, days=1)
    client = Client(**bearer(link))
    assert client.get("/api/v1/readings?keys=press/t").json()["denied"] == []
    if end == "revoked":
        link.delete()
    elif end == "over":
        BoardLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "blocked":
        get_user_model().objects.update(is_active=False)
    elif end == "no role":
        Membership.objects.all().delete()
    elif end == "off":
        settings.SHARE_LINKS = False
    elif end == "withdrawn":
        Board.objects.update(owner=get_user_model().objects.create_user("bert"))
    else:
        BoardLink.objects.update(password="another")
    answer = client.get("/api/v1/readings?keys=press/t")
    assert answer.status_code == 401 or answer.json()["denied"] == ["press/t"]
    if end != "password":
        assert Client().get(f"/shared/{links.address_of(link)}/").status_code == 404


@pytest.mark.parametrize("address", ["x", "x.y", "{name}", "{name}.wrong", "{signed}x", ".", "%00"])
def test_nobody_makes_an_address_up(anna: Any, address: str) -> None:
    link = links.make(board(anna), anna)
    given = address.format(name=link.name, signed=links.address_of(link))
    assert Client().get(f"/shared/{given}/").status_code in {400, 404}


@pytest.mark.parametrize(
    "grant", ["link.", "link.x", "link.1.0.x", "link.{signed}", "link.{grant}x"]
)
def test_nobody_makes_a_grant_up(anna: Any, grant: str) -> None:
    link = links.make(board(anna), anna)
    given = grant.format(signed=links.address_of(link), grant=visitors.grant_of(link, 0)[5:])
    client = Client(HTTP_AUTHORIZATION=f"Bearer {given}")
    assert client.get("/api/v1/readings?keys=press/t").status_code == 401


def test_variables_are_as_they_were_chosen(anna: Any) -> None:
    tile = {**TILE, "options": {"key": "$device/t"}}
    variables = [{"name": "device", "kind": "device"}]
    made = board(anna, tile, variables=variables)
    link = links.make(made, anna, choices={"var-device": "pump", "range": "1h"})
    assert link.choices == {"var-device": "pump"}
    page = opened(link, **{"var-device": "press"}).content.decode()
    assert 'data-key="pump/t"' in page
    assert "press/" not in page
    denied = Client(**bearer(link)).get("/api/v1/readings?keys=press/t").json()["denied"]
    assert denied == ["press/t"]


def test_what_the_maker_does_not_see_is_not_named(anna: Any) -> None:
    Device.objects.create(key="elsewhere")
    hidden = {**TILE, "id": "b", "y": 2, "options": {"key": "elsewhere/t"}}
    page = opened(links.make(board(anna, TILE, hidden), anna)).content.decode()
    assert "Not all of it is shown." in page
    assert page.count("elsewhere") == page.count('"elsewhere/t"') + page.count(
        "&quot;elsewhere/t&quot;"
    )


def test_boards_in_turn(anna: Any) -> None:
    first = board(anna)
    second = board(anna, {**TILE, "options": {"key": "pump/t"}})
    link = links.make(first, anna, turns=[second], seconds=20)
    page = opened(link).content.decode()
    assert 'data-turn="1" data-seconds="20"' in page
    page = opened(link, turn="1").content.decode()
    assert 'data-key="pump/t"' in page
    assert 'data-turn="0"' in page
    client = Client(HTTP_AUTHORIZATION=f"Bearer {visitors.grant_of(link, 1)}")
    assert client.get("/api/v1/readings?keys=pump/t,press/t").json()["denied"] == ["press/t"]
    assert opened(link, turn="77").status_code == 200
    second.delete()
    assert opened(link, turn="1").status_code == 404


def test_pages_of_named_origins_have_it_in_a_frame(anna: Any) -> None:
    link = links.make(board(anna), anna, origins=["https://Intranet.example/", "http://a.b:81"])
    page = opened(link)
    assert "X-Frame-Options" not in page
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors https://intranet.example http://a.b:81;" in policy + ";"


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*",
        "x",
        "https://a b",
        "https://a;script-src",
        "ftp://a",
        "https://a/b",
        "https://a:x",
        "https://a:99999",
        "https://",
    ],
)
def test_what_is_no_origin_is_refused(anna: Any, origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        links.make(board(anna), anna, origins=[origin])


def test_a_link_asks_for_its_password(anna: Any) -> None:
    link = links.make(board(anna), anna, password="Öl 4 all")
    client = Client()
    page = opened(link, client).content.decode()
    assert "asks for a password" in page
    assert "Oil" not in page
    assert "press" not in page
    path = f"/shared/{links.address_of(link)}/"
    wrong = client.post(path, {"password": "oil"})
    assert (wrong.status_code, "not the password" in wrong.content.decode()) == (403, True)
    assert client.post(path, {"password": "Öl 4 all"})["Location"] == path
    assert 'data-key="press/t"' in opened(link, client).content.decode()
    other = links.make(board(anna), anna, password="another")
    client.cookies["iotbridge_link"] = client.cookies["iotbridge_link"].value
    assert "asks for a password" in opened(other, client).content.decode()
    link.refresh_from_db()
    assert link.opened == 1


def test_guessing_a_password_takes_long(anna: Any) -> None:
    path = f"/shared/{links.address_of(links.make(board(anna), anna, password='x'))}/"
    answers = [Client().post(path, {"password": "guess"}).content.decode() for _ in range(7)]
    assert "Too many wrong passwords" in answers[-1]
    assert "Too many wrong passwords" in Client().post(path, {"password": "x"}).content.decode()


def test_a_password_and_frames_do_not_go_together(anna: Any) -> None:
    with pytest.raises(ValidationError, match="cannot ask for a password"):
        links.make(board(anna), anna, password="x", origins=["https://a.example"])


def test_there_is_an_end_of_links(anna: Any) -> None:
    made = board(anna)
    BoardLink.objects.bulk_create(BoardLink(board=made, made_by=anna) for _ in range(links.LINKS))
    with pytest.raises(ValidationError, match="revoke some first"):
        links.make(made, anna)


def test_who_is_logged_in_sees_by_a_link_what_it_gives(anna: Any) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("stranger"))
    link = links.make(board(anna), anna)
    page = opened(link, client)
    assert 'data-key="press/t"' in page.content.decode()
    answer = client.get("/api/v1/readings?keys=press/t", **bearer(link)).json()
    assert answer["denied"] == []


def test_pictures_of_the_board_and_no_others(anna: Any) -> None:
    made, other = store.make(anna, "Oil", {}), board(anna)
    shown, unused = (storing.keep(picture("PNG"), anna, board=made) for _ in range(2))
    elsewhere = storing.keep(picture("PNG"), anna, board=other)
    widgets = [
        {"id": f"p{one.pk}", "kind": "picture", "x": 0, "y": n, "w": 2, "h": 1}
        | {"options": {"picture": one.pk}}
        for n, one in enumerate((shown, elsewhere))
    ]
    store.publish(store.save_draft(made, anna, made.draft, {"widgets": widgets}), anna)
    link = links.make(made, anna)
    page = opened(link).content.decode()
    path = f"/shared/{links.address_of(link)}/pictures/"
    assert f'src="{path}{shown.pk}"' in page
    answer = Client().get(f"{path}{shown.pk}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert "sandbox" in answer["Content-Security-Policy"]
    for one in (unused, elsewhere):
        assert Client().get(f"{path}{one.pk}").status_code == 404
    assert Client().get(f"/pictures/{shown.pk}").status_code == 302
    link.delete()
    assert Client().get(f"{path}{shown.pk}").status_code == 404


def test_notes_are_not_shown_by_a_link(anna: Any) -> None:
    note = {"id": "n", "kind": "logbook", "x": 0, "y": 0, "w": 4, "h": 4}
    made = board(anna, {**note, "options": {"device": "press"}})
    writing.write(places.Place("device", Device.objects.get(key="press")), anna, "Oil is low")
    page = opened(links.make(made, anna)).content.decode()
    assert "Oil is low" not in page
    assert "Notes are for people who log in." in page
    assert "anna" not in page
