"""Boards by the API: made, shared, drafted by two at once, published."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.boards import store
from dashboards.models import Board
from devices.access import token_digest
from devices.models import ApiToken, Membership, Site

pytestmark = pytest.mark.usefixtures("tables")
BOARDS = "/api/v1/boards"
TEXT = {"id": "a", "kind": "text", "x": 0, "y": 0, "w": 3, "h": 2, "options": {"text": "Hi"}}


def client_of(name: str, role: str = "", site: Site | None = None, **more: Any) -> Client:
    user = get_user_model().objects.create_user(name, **more)
    if role and site:
        Membership.objects.create(user=user, site=site, role=role)
    ApiToken.objects.create(user=user, digest=token_digest(name))
    return Client(headers={"Authorization": f"Bearer {name}"})


@pytest.fixture
def hall() -> Site:
    return Site.objects.create(slug="hall", name="Hall")


@pytest.fixture
def anna(hall: Site) -> Client:
    return client_of("anna", "manager", hall)


@pytest.fixture
def ben(hall: Site) -> Client:
    return client_of("ben", "operator", hall)


def send(client: Client, method: str, url: str, **body: Any) -> Any:
    return getattr(client, method)(url, body, content_type="application/json")


def make(client: Client, title: str = "Oil", **more: Any) -> dict[str, Any]:
    answer = send(client, "post", BOARDS, title=title, **more)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_a_board_is_its_makers_until_they_share_it(anna: Client, ben: Client) -> None:
    made = make(anna, specification={"widgets": [TEXT]})
    assert (made["slug"], made["owner"], made["shared"]) == ("oil", "anna", "private")
    assert made["specification"] is None
    assert ben.get(f"{BOARDS}/oil").status_code == 404
    assert ben.get(BOARDS).json() == {"items": [], "after": None}
    shared = send(anna, "patch", f"{BOARDS}/oil", site="hall", shared="site", device_type="press")
    assert (shared.json()["site"], shared.json()["device_type"]) == ("hall", "press")
    assert ben.get(f"{BOARDS}/oil").json()["specification"] is None
    published = send(ben, "post", f"{BOARDS}/oil/publish").json()
    assert published["specification"]["widgets"] == [TEXT]
    assert [one["by"] for one in ben.get(f"{BOARDS}/oil/revisions").json()] == ["ben"]
    assert send(ben, "patch", f"{BOARDS}/oil", title="Mine").status_code == 403
    assert ben.delete(f"{BOARDS}/oil").status_code == 403
    assert anna.delete(f"{BOARDS}/oil").status_code == 204
    assert not Board.objects.exists()


def test_what_is_published_is_the_draft_that_was_seen(anna: Client, ben: Client) -> None:
    made = make(anna, specification={"widgets": [TEXT]})
    send(anna, "patch", f"{BOARDS}/oil", site="hall", shared="site")
    seen = anna.get(f"{BOARDS}/oil/draft").json()
    changed = {**seen["specification"], "minutes": 5}
    send(ben, "put", f"{BOARDS}/oil/draft", base=seen["specification"], specification=changed)
    refused = send(anna, "post", f"{BOARDS}/oil/publish", number=seen["number"])
    assert refused.status_code == 409
    assert "ben has changed the draft" in refused.json()["detail"]
    assert made["specification"] is None
    again = anna.get(f"{BOARDS}/oil/draft").json()["number"]
    assert send(anna, "post", f"{BOARDS}/oil/publish", number=again).status_code == 200


def test_pages_of_boards_come_one_after_the_other(anna: Client) -> None:
    for name in ("c", "a", "b"):
        make(anna, name)
    first = anna.get(f"{BOARDS}?limit=2").json()
    assert ([one["slug"] for one in first["items"]], first["after"]) == (["a", "b"], "b")
    rest = anna.get(f"{BOARDS}?limit=2&after=b").json()
    assert ([one["slug"] for one in rest["items"]], rest["after"]) == (["c"], None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shared": "site"}, "site"),
        ({"site": "attic", "shared": "site"}, "site"),
        ({"site": "mars"}, "site"),
        ({"shared": "all"}, "shared"),
        ({"title": ""}, "title"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_change_names_its_field(
    anna: Client, hall: Site, change: dict[str, Any], field: str
) -> None:
    Site.objects.create(slug="attic", name="Attic")
    make(anna)
    answer = send(anna, "patch", f"{BOARDS}/oil", **change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == field
    assert Board.objects.get().shared == "private"


def test_only_who_has_a_say_there_shows_a_board_to_others(ben: Client, hall: Site) -> None:
    make(ben)
    answer = send(ben, "patch", f"{BOARDS}/oil", shared="everybody")
    assert answer.json()["errors"][0]["parameter"] == "shared"
    assert send(ben, "patch", f"{BOARDS}/oil", site="hall").status_code == 200
    # An operator no more: what was put there before may not be shown there now.
    Membership.objects.update(role="viewer")
    answer = send(ben, "patch", f"{BOARDS}/oil", shared="site")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "site")


def test_everybody_sees_what_is_shown_to_everybody_and_changes_nothing(
    anna: Client, hall: Site
) -> None:
    make(anna, specification={"widgets": [TEXT]})
    assert send(anna, "patch", f"{BOARDS}/oil", shared="everybody").status_code == 200
    stranger = client_of("zoe")
    assert stranger.get(f"{BOARDS}/oil").status_code == 200
    assert stranger.get(f"{BOARDS}/oil/draft").status_code == 403
    assert send(stranger, "post", BOARDS, title="Mine").status_code == 403


def test_two_who_draft_at_once_are_merged_or_told(anna: Client, ben: Client, hall: Site) -> None:
    make(anna, specification={"widgets": [TEXT]})
    send(anna, "patch", f"{BOARDS}/oil", site="hall", shared="site")
    base = anna.get(f"{BOARDS}/oil/draft").json()["specification"]
    other = {**TEXT, "id": "b", "y": 5}
    saved = send(
        anna,
        "put",
        f"{BOARDS}/oil/draft",
        base=base,
        specification={**base, "widgets": [TEXT, other]},
    )
    assert (saved.status_code, saved.json()["number"]) == (200, 2)
    changed = {**TEXT, "options": {"text": "Ben's"}}
    mine = {"base": base, "specification": {**base, "widgets": [changed]}}
    merged = send(ben, "put", f"{BOARDS}/oil/draft", **mine).json()
    assert [one["id"] for one in merged["specification"]["widgets"]] == ["a", "b"]
    again = {**TEXT, "options": {"text": "Anna's"}}
    answer = send(
        anna,
        "put",
        f"{BOARDS}/oil/draft",
        base=base,
        specification={**base, "widgets": [again]},
    )
    assert answer.status_code == 409
    assert answer.json()["names"] == ["a"]
    assert answer.json()["draft"]["by"] == "ben"
    forced = send(
        anna,
        "put",
        f"{BOARDS}/oil/draft",
        base=base,
        specification={**base, "widgets": [again]},
        prefer="mine",
    ).json()
    texts = {one["id"]: one["options"]["text"] for one in forced["specification"]["widgets"]}
    assert texts == {"a": "Anna's", "b": "Hi"}


def test_a_wrong_specification_names_the_place(anna: Client) -> None:
    answer = send(anna, "post", BOARDS, title="x", specification={"widgets": [{**TEXT, "x": 11}]})
    assert answer.json()["errors"][0]["parameter"] == "specification.widgets.0"
    make(anna)
    bad = {"widgets": [{**TEXT, "kind": "clock"}]}
    answer = send(anna, "put", f"{BOARDS}/oil/draft", base={}, specification=bad)
    assert "There is no widget 'clock'" in answer.json()["detail"]
    answer = send(anna, "post", BOARDS, title="x", slug="No Slug")
    assert answer.json()["errors"][0]["parameter"] == "slug"
    answer = send(anna, "post", BOARDS, title="x", slug="oil")
    assert answer.json()["errors"][0]["parameter"] == "slug"


def test_a_revision_is_restored_as_a_draft(anna: Client) -> None:
    make(anna, specification={"widgets": [TEXT]})
    send(anna, "post", f"{BOARDS}/oil/publish")
    base = anna.get(f"{BOARDS}/oil/draft").json()["specification"]
    send(anna, "put", f"{BOARDS}/oil/draft", base=base, specification={**base, "widgets": []})
    assert send(anna, "post", f"{BOARDS}/oil/restore", revision=1).json()["specification"] == base
    answer = send(anna, "post", f"{BOARDS}/oil/restore", revision=7)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "revision")


def test_the_rights_of_staff_are_djangos(anna: Client) -> None:
    make(anna)
    assert client_of("root", is_superuser=True).get(f"{BOARDS}/oil/draft").status_code == 200
    assert client_of("staff", is_staff=True).get(f"{BOARDS}/oil").status_code == 404
    assert store.published(Board.objects.get()) is None
