"""The pages of boards that people make."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.boards import store
from dashboards.models import Board
from devices.models import Device, Membership, Series, Site

pytestmark = pytest.mark.usefixtures("tables")
TEXT = {"id": "a", "kind": "text", "x": 0, "y": 0, "w": 3, "h": 2, "options": {"text": "Hi <b>"}}


def client_of(name: str, role: str = "manager") -> Client:
    user = get_user_model().objects.create_user(name)
    site, _made = Site.objects.get_or_create(slug="hall", defaults={"name": "Hall"})
    Membership.objects.create(user=user, site=site, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anna() -> Client:
    client = client_of("anna")
    press = Device.objects.create(key="press", site=Site.objects.get(), device_type="press")
    Series.objects.create(device=press, metric="t", unit="°C")
    return client


def board(**more: Any) -> Board:
    anna = get_user_model().objects.get(username="anna")
    return store.make(anna, "Oil", {"widgets": [TEXT]}, **more)


def anna_herself() -> Any:
    return get_user_model().objects.get(username="anna")


def told(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_board_is_made_and_edited(anna: Client) -> None:
    assert "No board yet" in told(anna.get("/boards/"))
    answer = anna.post("/boards/mine", {"title": "Oil presses"})
    assert answer["Location"] == "/boards/oil-presses/edit"
    page = told(anna.get("/boards/oil-presses/edit"))
    assert 'id="board-setup"' in page
    assert '"kind": "lines", "label": "Lines", "size": [6, 5]' in page
    listed = told(anna.get("/boards/"))
    assert "Oil presses" in listed
    assert "not published yet" in listed


@pytest.mark.parametrize("source", ["site:hall", "type:press", "device:press"])
def test_a_board_that_makes_itself_becomes_ones_own(anna: Client, source: str) -> None:
    answer = anna.post("/boards/mine", {"of": source})
    made = Board.objects.get()
    assert answer["Location"] == f"/boards/{made.slug}/edit"
    assert made.title in {"Hall", "press"}
    assert [one["kind"] for one in made.draft["widgets"]] == ["table", "value"]
    assert "press/t" in json.dumps(made.draft)


@pytest.mark.parametrize("source", ["site:mars", "type:", "device:x", "board:x", "without-site"])
def test_what_is_not_there_cannot_be_copied(anna: Client, source: str) -> None:
    assert anna.post("/boards/mine", {"of": source}).status_code == 404
    assert not Board.objects.exists()


def test_a_published_board_is_copied_by_who_sees_it(anna: Client) -> None:
    store.publish(board(site=Site.objects.get(), shared="site"), anna_herself())
    ben = client_of("ben", "viewer")
    assert ben.post("/boards/mine", {"of": "board:oil"}).status_code == 302
    copy = Board.objects.get(owner__username="ben")
    assert (copy.title, copy.draft["widgets"], copy.shared) == ("Oil (copy)", [TEXT], "private")


def test_a_draft_is_shown_to_editors_until_something_is_published(anna: Client) -> None:
    oil = board(site=Site.objects.get(), shared="site")
    ben = client_of("ben", "viewer")
    assert "it was never published" in told(anna.get("/boards/oil/"))
    assert "Nothing of this board is published yet." in told(ben.get("/boards/oil/"))
    store.publish(oil, anna_herself())
    page = told(ben.get("/boards/oil/"))
    assert "Hi &lt;b&gt;" in page
    assert "/boards/oil/edit" not in page
    oil.refresh_from_db()
    store.save_draft(oil, "anna", oil.draft, {**oil.draft, "widgets": []})
    assert "changes that are not published" in told(anna.get("/boards/oil/"))
    assert "Hi" in told(anna.get("/boards/oil/"))


def test_the_places_of_widgets_are_allowed_by_the_policy(anna: Client) -> None:
    store.publish(board(), anna_herself())
    answer = anna.get("/boards/oil/")
    nonce = answer.content.decode().split('<style nonce="')[1].split('"')[0]
    assert f"'nonce-{nonce}'" in answer["Content-Security-Policy"]
    assert "#w-a{grid-area:1/1/span 2/span 3}" in told(answer)
    assert "nonce" not in anna.get("/boards/")["Content-Security-Policy"]


def test_what_is_chosen_of_variables_stays_in_the_address(anna: Client) -> None:
    variables = [{"name": "press", "kind": "device", "label": "Press"}]
    value = {**TEXT, "kind": "value", "options": {"key": "$press/t"}}
    oil = store.make(
        get_user_model().objects.get(), "Oil", {"widgets": [value], "variables": variables}
    )
    store.publish(oil, anna_herself())
    page = told(anna.get("/boards/oil/?var-press=press&range=6h"))
    assert '<option value="press" selected>' in page
    assert '<input type="hidden" name="range" value="6h">' in page
    assert 'data-span="21600000"' in page
    assert 'data-key="press/t"' in page


def test_settings_are_saved_or_say_which_field_is_wrong(anna: Client) -> None:
    store.publish(board(), anna_herself())
    fields = {"title": "Oil", "slug": "oil", "shared": "private", "device_type": "", "site": ""}
    answer = anna.post("/boards/oil/settings", fields | {"shared": "site"})
    assert answer.status_code == 400
    assert "Choose the site" in told(answer)
    answer = anna.post("/boards/oil/settings", fields | {"slug": "No"})
    assert "Use small letters" in told(answer)
    hall = str(Site.objects.get().pk)
    right = fields | {"slug": "oils", "site": hall, "shared": "site", "device_type": "press"}
    assert anna.post("/boards/oil/settings", right)["Location"] == "/boards/oils/"
    assert "/boards/oils/?var-device=press" in told(anna.get("/devices/press/"))


def test_a_revision_is_restored_and_a_board_deleted(anna: Client) -> None:
    oil = store.publish(board(), anna_herself())
    changed = store.save_draft(oil, "anna", oil.draft, {**oil.draft, "widgets": []})
    store.publish(changed, anna_herself())
    assert "Restore as draft" in told(anna.get("/boards/oil/settings"))
    assert anna.post("/boards/oil/settings", {"restore": "1"})["Location"] == "/boards/oil/edit"
    assert Board.objects.get().draft["widgets"] == [TEXT]
    for wrong in ("9", "x", "9" * 30, "²"):
        answer = anna.post("/boards/oil/settings", {"restore": wrong}, follow=True)
        assert "There is no revision" in told(answer), wrong
    assert anna.post("/boards/oil/settings", {"delete": "1"})["Location"] == "/boards/"
    assert not Board.objects.exists()


def ask(client: Client, widget: Any, **more: Any) -> Any:
    body = json.dumps({"widget": widget, **more})
    return client.post("/boards/oil/widget", body, content_type="application/json")


def test_a_widget_is_shown_before_it_is_on_the_board(anna: Client) -> None:
    board()
    value = {**TEXT, "id": "new", "kind": "value", "options": {"key": "press/t"}}
    page = ask(anna, value).json()["html"].strip()
    assert page.startswith('<section class="card widget" id="w-new" data-widget="value"')
    variables = [{"name": "press", "kind": "device"}]
    value["options"] = {"key": "$press/t"}
    assert 'data-key="press/t"' in ask(anna, value, variables=variables).json()["html"]


@pytest.mark.parametrize(
    ("widget", "field"),
    [
        ({**TEXT, "kind": "value", "options": {}}, "key"),
        ({**TEXT, "kind": "lines", "options": {"keys": ["nothing"]}}, "keys.0"),
        ({**TEXT, "kind": "clock"}, "kind"),
        (None, "widgets.0"),
        ({**TEXT, "id": "new", "options": {"text": "x" * 20_000}}, "text"),
    ],
)
def test_a_wrong_option_is_told_by_its_name(anna: Client, widget: Any, field: str) -> None:
    board()
    assert ask(anna, widget).json()["errors"][0]["field"] == field


def test_what_is_no_widget_is_refused_in_words(anna: Client) -> None:
    board()
    for body, status in (("{", 400), ("[]", 200), ('{"a": 1}', 200), ("[" * 100_000, 400)):
        answer = anna.post("/boards/oil/widget", body, content_type="application/json")
        assert answer.status_code == status, body[:9]
        assert answer.json()["errors"][0]["words"]
