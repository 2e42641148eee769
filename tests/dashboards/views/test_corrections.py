"""Marks on readings by page and by API: who may, what is previewed, what is said."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.models import Correction, Device, Membership, Site
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer
from tests.support.factories import ARRIVAL, make_batch

TS = ARRIVAL // 1_000 - 60_000
PAGE, API = "/devices/press-3/corrections", "/api/v1/corrections"


@pytest.fixture(autouse=True)
def _readings(tables: None, settings: Any) -> None:
    """Ten readings of a device on a site."""
    settings.MQTT_REGISTRATION = "accept"
    batch = [entry({"ts": TS + n * 1_000, "t": n}) for n in range(10)]
    make_writer().store(make_batch(*batch))
    Device.objects.update(site=Site.objects.create(slug="plant", name="Plant"))


def client(role: str) -> Client:
    user = get_user_model().objects.create_user(f"the-{role}")
    Membership.objects.create(user=user, site=Site.objects.get(), role=role)
    made = Client()
    made.force_login(user)
    return made


def values(caller: Client) -> list[float]:
    answer = caller.get(f"/api/v1/devices/press-3/readings?from={TS}&to={TS + 60_000}")
    return list(answer.json()["series"][0]["value"])


def post(caller: Client, **body: Any) -> Any:
    given = {"key": "press-3/t", "from": TS, "to": TS, "reason": "x", **body}
    return caller.post(API, given, content_type="application/json")


# --- the page ---------------------------------------------------------------
def test_preview_mark_and_undo_on_the_page() -> None:
    operator = client("operator")
    span = {"metric": "t", "from": str(TS + 2_000), "to": str(TS + 4_000)}
    shown = operator.get(PAGE, span).content.decode()
    assert "<b>3</b> readings of t" in shown
    answer = operator.post(PAGE, {**span, "kind": "bad", "reason": "<b>loose</b>"}, follow=True)
    page = answer.content.decode()
    assert "Marked. It can be undone" in page
    assert "&lt;b&gt;loose&lt;/b&gt;" in page
    assert values(operator) == [0, 1, 5, 6, 7, 8, 9]
    assert "&lt;b&gt;loose&lt;/b&gt;" in operator.get("/devices/press-3/").content.decode()
    mark = Correction.objects.get()
    assert str(mark.made_by) == "the-operator"
    answer = operator.post(PAGE, {"undo": str(mark.pk)}, follow=True)
    assert "Undone" in answer.content.decode()
    assert len(values(operator)) == 10
    answer = operator.post(PAGE, {"undo": str(mark.pk)}, follow=True)
    assert "undone already" in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metric": "none"}, "metric: choose one"),
        ({"from": "yesterday"}, "from: &#x27;yesterday&#x27; is neither ISO 8601"),
        ({"from": str(TS + 9_000), "to": str(TS)}, "from must not be later than to"),
        ({"reason": " "}, "a reason of 1 to 500 characters"),
        ({"kind": "ugly"}, "kind must be one of bad, deleted"),
        ({"from": "0", "to": "1"}, "no reading that counts"),
    ],
)
def test_a_wrong_form_says_which_field(change: dict[str, str], words: str) -> None:
    given = {"metric": "t", "from": str(TS), "to": str(TS), "kind": "bad", "reason": "x", **change}
    answer = client("operator").post(PAGE, given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Correction.objects.exists()


def test_viewers_see_marks_and_make_none() -> None:
    post(client("operator"), reason="salt on the probe")
    viewer = client("viewer")
    page = viewer.get(PAGE).content.decode()
    assert "salt on the probe" in page
    assert '<form method="post"' not in page.partition("</header>")[2]
    assert viewer.post(PAGE, {"undo": str(Correction.objects.get().pk)}).status_code == 403
    assert ">Mark<" not in viewer.get("/devices/press-3/").content.decode()


def test_strangers_find_no_page() -> None:
    stranger = Client()
    stranger.force_login(get_user_model().objects.create_user("stranger"))
    assert stranger.get(PAGE).status_code == 404
    assert stranger.get(API).json() == []
    assert post(stranger).status_code == 422


@pytest.mark.parametrize("number", ["x", "99", "-1", "9" * 30])
def test_an_unknown_mark_cannot_be_undone(number: str) -> None:
    assert client("operator").post(PAGE, {"undo": number}).status_code == 404


# --- the API ----------------------------------------------------------------
def test_marks_by_api() -> None:
    operator = client("operator")
    found = post(operator, to=TS + 2_000, dry_run=True)
    assert (found.status_code, found.json()["count"], found.json()["max"]) == (200, 3, 2)
    assert not Correction.objects.exists()
    made = post(operator, to=TS + 2_000, kind="deleted")
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["key"], body["from"], body["to"]) == ("press-3/t", TS, TS + 2_000)
    assert values(operator) == [3, 4, 5, 6, 7, 8, 9]
    assert operator.get(f"{API}?device=press-3").json() == [body]
    assert operator.get(f"{API}?device=other").json() == []
    undone = operator.delete(f"{API}/{body['id']}")
    assert undone.json()["undone_by"] == "the-operator"
    assert operator.delete(f"{API}/{body['id']}").status_code == 409
    assert operator.delete(f"{API}/999").status_code == 404


def test_viewers_make_no_marks_by_api() -> None:
    made = post(client("operator")).json()
    viewer = client("viewer")
    assert post(viewer).status_code == 403
    assert viewer.delete(f"{API}/{made['id']}").status_code == 403
    assert viewer.get(API).json() == [made]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"key": "press-3"}, "key"),
        ({"key": "press-3/*"}, "key"),
        ({"key": "none/t"}, "key"),
        ({"from": "soon"}, "from"),
        ({"to": "1e99"}, "to"),
        ({"from": TS + 1}, "from"),
        ({"reason": ""}, "reason"),
        ({"kind": "ugly"}, "body.kind"),
    ],
)
def test_a_wrong_call_names_the_parameter(change: dict[str, Any], parameter: str) -> None:
    answer = post(client("operator"), **change)
    assert answer.status_code == 422
    assert parameter.rpartition(".")[2] in json.dumps(answer.json()["errors"][0]["parameter"])
