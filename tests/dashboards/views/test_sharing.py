"""The page of a board's links, and the calls that do the same."""

import json
from typing import Any

import pytest
from django.test import Client

from dashboards.boards import store
from dashboards.models import Board, BoardLink
from tests.dashboards.views.test_made_boards import anna, board, client_of, told

pytestmark = pytest.mark.usefixtures("tables")
__all__ = ["anna"]


def published() -> Board:
    made = board()
    return store.publish(made, made.owner)


def test_a_link_is_made_and_revoked(anna: Client) -> None:
    made = published()
    page = told(anna.get(f"/boards/{made.slug}/"))
    assert f'href="/boards/{made.slug}/share' in page
    answer = anna.post(
        f"/boards/{made.slug}/share?var-device=x", {"days": 30, "reach_s": 86_400, "label": "Hall"}
    )
    assert answer.status_code == 302
    link = BoardLink.objects.get()
    assert (link.label, link.reach_s, link.choices) == ("Hall", 86_400, {"var-device": "x"})
    page = told(anna.get(answer["Location"]))
    assert "http://testserver/shared/" in page
    assert "<svg" in page
    anna.post(f"/boards/{made.slug}/share", {"revoke": link.pk})
    assert not BoardLink.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"origins": "intranet"}, "is no origin"),
        ({"seconds": 1}, "greater than or equal to 5"),
        ({"turns": "none"}, "none is not one of the available choices"),
        ({"password": "x", "origins": "https://a.example"}, "cannot ask for a password"),
        ({"days": "x"}, "x is not one of the available choices"),
    ],
)
def test_a_wrong_field_is_told(anna: Client, given: dict[str, Any], words: str) -> None:
    answer = anna.post(f"/boards/{published().slug}/share", {"days": 1, "reach_s": 3_600, **given})
    assert answer.status_code == 400
    assert words in told(answer)
    assert not BoardLink.objects.exists()


def test_viewers_make_no_links(anna: Client) -> None:
    viewer = client_of("bert", "viewer")
    answer = viewer.post("/boards/mine", {"title": "Mine"})
    slug = answer["Location"].split("/")[2]
    assert viewer.get(f"/boards/{slug}/share").status_code == 403


def test_links_can_be_switched_off(anna: Client, settings: Any) -> None:
    made = published()
    settings.SHARE_LINKS = False
    assert anna.get(f"/boards/{made.slug}/share").status_code == 403
    assert "/share" not in told(anna.get(f"/boards/{made.slug}/"))


def test_links_by_api(anna: Client) -> None:
    path = f"/api/v1/boards/{published().slug}/links"
    body = {"days": 2, "reach_s": 3_600, "label": "Door", "origins": ["https://a.example"]}
    made = anna.post(path, json.dumps(body), content_type="application/json")
    assert made.status_code == 201
    listed = anna.get(path).json()
    assert listed == [made.json()]
    assert Client().get(made.json()["url"].removeprefix("http://testserver")).status_code == 200
    assert anna.delete(f"{path}/{made.json()['id']}").status_code == 204
    assert anna.delete(f"{path}/{made.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [({"days": 0}, "days"), ({"turns": ["none"]}, "turns"), ({"origins": ["*"]}, "origins")],
)
def test_a_wrong_call_says_which_field(anna: Client, body: dict[str, Any], field: str) -> None:
    path = f"/api/v1/boards/{published().slug}/links"
    answer = anna.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 422
    assert field in json.dumps(answer.json())
