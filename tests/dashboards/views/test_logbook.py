"""The logbook: its page, its file, its API, and the panels of other pages."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.logbook import places, writing
from dashboards.models import Mention, Note
from devices.models import Device, Membership, Site

pytestmark = pytest.mark.usefixtures("tables")


def client_of(name: str, role: str = "operator") -> Client:
    user = get_user_model().objects.create_user(name)
    site, _made = Site.objects.get_or_create(slug="hall", defaults={"name": "Hall"})
    Membership.objects.create(user=user, site=site, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anna() -> Client:
    client = client_of("anna")
    Device.objects.create(key="press", name="Press 1", site=Site.objects.get())
    return client


def write(text: str, **more: Any) -> Note:
    user = get_user_model().objects.get(username="anna")
    return writing.write(places.Place("device", Device.objects.get()), user, text, **more)


def told(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_notes_are_read_searched_and_in_pages(
    anna: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.views.logbook.PAGE_SIZE", 2)
    for number in range(3):
        write(f"note <{number}>", since=1_000, metric="oil")
    page = told(anna.get("/logbook"))
    assert "note &lt;2&gt;" in page
    assert "note &lt;0&gt;" not in page
    assert "Press 1" in page
    assert 'href="?page=2"' in page
    assert "note &lt;0&gt;" in told(anna.get("/logbook?page=2"))
    assert "note &lt;1&gt;" in told(anna.get("/logbook?q=<1>"))
    assert "No note." in told(anna.get("/logbook?q=nothing"))
    assert "note &lt;2&gt;" in told(anna.get("/logbook?device=press&hours=8"))
    assert "No note." in told(anna.get("/logbook?site=hall"))


@pytest.mark.parametrize("hours", ["0", "-1", "x", "9" * 30, "1.5", "²"])
def test_hours_that_are_none_are_named(anna: Client, hours: str) -> None:
    assert "Hours: a whole number" in told(anna.get("/logbook", {"hours": hours}))


def test_places_that_are_none_are_named(anna: Client) -> None:
    write("secret")
    page = told(anna.get("/logbook?device=nobody"))
    assert "nobody: There is no such place" in page
    assert "secret" not in page


def test_a_file_has_what_the_page_shows(anna: Client) -> None:
    write("=1+1", since=0, until=1_000)
    taken = write("gone")
    writing.delete(taken, get_user_model().objects.get())
    text = b"".join(anna.get("/logbook.csv?q=1").streaming_content).decode()  # type: ignore[attr-defined]
    head, row = csv.reader(io.StringIO(text))
    found = dict(zip(head, row, strict=True))
    assert (found["author"], found["of"], found["name"]) == ("anna", "device", "press")
    assert (found["text"], found["from"]) == ("'=1+1", "1970-01-01T00:00:00+00:00")


def test_a_note_is_written_without_javascript(anna: Client) -> None:
    page = told(anna.get("/devices/press/"))
    assert 'id="notes" data-kind="device" data-name="press"' in page
    form = {"kind": "device", "name": "press", "text": "Oil", "next": "/devices/press/?range=6h"}
    assert anna.post("/logbook", form)["Location"] == "/devices/press/?range=6h"
    assert "Oil" in told(anna.get("/devices/press/"))
    assert anna.post("/logbook", form | {"next": "//evil"})["Location"] == "/devices/press/"
    assert anna.post("/logbook", form | {"text": " "}).status_code == 302
    assert "Say something." in told(anna.get("/logbook"))
    assert Note.objects.count() == 2


def test_viewers_read_and_have_no_form(anna: Client) -> None:
    write("Oil")
    vera = client_of("vera", "viewer")
    page = told(vera.get("/devices/press/"))
    assert "Oil" in page
    assert 'id="note-text"' not in page


def test_mentions_are_read_on_their_page(anna: Client) -> None:
    ben = client_of("ben")
    write("@ben: look")
    write("other")
    page = told(ben.get("/logbook?mentions=1"))
    assert "@ben: look" in page
    assert "other" not in page
    assert ben.post("/logbook", {"read": "1"})["Location"] == "/logbook"
    assert not Mention.objects.filter(read_at=None).exists()


def test_sites_and_boards_have_a_logbook_too(anna: Client) -> None:
    assert 'data-kind="site" data-name="hall"' in told(anna.get("/boards/site/hall/"))
    anna.post("/boards/mine", {"title": "Oil"})
    assert 'data-kind="board" data-name="oil"' in told(anna.get("/boards/oil/"))
    assert 'id="notes"' not in told(anna.get("/boards/without-site/"))


def send(client: Client, method: str, path: str = "", **body: Any) -> Any:
    url = f"/api/v1/notes{path}"
    return getattr(client, method)(url, body, content_type="application/json")


def test_a_note_by_the_api_from_birth_to_end(anna: Client) -> None:
    made = send(
        anna, "post", device="press", text="Oil", **{"from": 5, "to": 9}, metric="oil"
    ).json()
    assert (made["device"], made["author"], made["from"], made["to"]) == ("press", "anna", 5, 9)
    answer = send(anna, "post", parent=made["id"], text="More").json()
    assert (answer["parent"], answer["device"]) == (made["id"], "press")
    changed = send(anna, "patch", f"/{made['id']}", text="Oil!").json()
    assert (changed["text"], changed["edited"]) == ("Oil!", True)
    (edit,) = anna.get(f"/api/v1/notes/{made['id']}/edits").json()
    assert (edit["text"], edit["by"]) == ("Oil", "anna")
    first = anna.get("/api/v1/notes?limit=1").json()
    rest = anna.get(f"/api/v1/notes?limit=1&after={first['after']}").json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == [answer["id"], made["id"]]
    assert rest["after"] is None
    assert anna.get("/api/v1/notes?q=more&device=press&author=anna").json()["items"]
    assert send(anna, "delete", f"/{made['id']}").status_code == 204
    told = {one["id"]: one for one in anna.get("/api/v1/notes").json()["items"]}
    assert (told[made["id"]]["text"], told[made["id"]]["deleted_by"]) == ("", "anna")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, "device"),
        ({"text": "x", "device": "press", "site": "hall"}, "device"),
        ({"text": "x", "device": "nobody"}, "device"),
        ({"text": "  ", "device": "press"}, "text"),
        ({"text": "x" * 10_001, "device": "press"}, "text"),
        ({"text": "x", "device": "press", "from": 9, "to": 5}, "from"),
        ({"text": "x", "device": "press", "from": 1e30}, "from"),
        ({"text": "x", "device": "press", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_note_names_its_field(anna: Client, body: dict[str, Any], field: str) -> None:
    answer = send(anna, "post", **body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"].split(".")[0] == field
    assert not Note.objects.exists()
