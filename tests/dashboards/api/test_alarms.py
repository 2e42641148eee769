"""The API of alarms and rules: what it answers, and errors that name the field."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.alarms.models import Alarm, Rule
from tests.dashboards.api.test_api import problem
from tests.devices.alarms.plant import Press

pytestmark = pytest.mark.usefixtures("tables")
RULE = {"name": "hot", "device": "press", "metric": "t", "kind": "above", "high": 5}


@pytest.fixture
def press() -> Press:
    return Press()


@pytest.fixture
def root(press: Press) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    call = getattr(client, method)
    return call(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def raised(press: Press) -> Alarm:
    press.rule()
    press.send({press.now + 1: 9})
    press.look(1)
    return press.alarm


def test_alarms_are_listed_in_pages_and_shown_whole(press: Press, root: Client) -> None:
    alarm = raised(press)
    listed = root.get("/api/v1/alarms").json()
    assert listed["counts"] == {"critical": 0, "warning": 1, "info": 0, "unacknowledged": 1}
    (one,) = listed["alarms"]
    assert (one["device"], one["metric"], one["value"], one["state"]) == (
        *("press", "t", "9"),
        "raised",
    )
    assert one["since"] == alarm.since / 1_000
    assert listed["after"] is None
    whole = root.get(f"/api/v1/alarms/{alarm.pk}").json()
    assert [event["kind"] for event in whole["events"]] == ["raised"]
    assert whole["episodes"] == [[alarm.since / 1_000, None]]
    press.rule(name="second")
    press.look(5)
    first = root.get("/api/v1/alarms?limit=1").json()
    rest = root.get(f"/api/v1/alarms?limit=1&after={first['after']}").json()
    assert [first["alarms"][0]["rule"], rest["alarms"][0]["rule"]] == ["second", "a rule"]


@pytest.mark.parametrize(
    ("query", "many"),
    [
        *(("device=press", 1), ("severity=critical", 0), ("state=shelved", 0), ("state=all", 1)),
        *(("from=2030-01-01", None), ("to=0", 0), ("from=0", 1), ("rule=0", None)),
    ],
)
def test_lists_are_narrowed(press: Press, root: Client, query: str, many: int | None) -> None:
    raised(press)
    answer = root.get(f"/api/v1/alarms?{query}")
    if many is None:
        problem(answer, 422)
    else:
        assert len(answer.json()["alarms"]) == many


def test_alarms_are_answered(press: Press, root: Client) -> None:
    alarm = raised(press)
    ids = {"ids": [alarm.pk]}
    assert send(root, "post", "alarms/acknowledge", ids).json() == {"acknowledged": 1}
    assert send(root, "post", "alarms/acknowledge", ids).json() == {"acknowledged": 0}
    until = round(time.time() * 1_000) + 3_600_000
    shelf = {**ids, "until": until, "reason": "known"}
    assert send(root, "post", "alarms/shelve", shelf).json() == {"shelved": 1}
    assert root.get(f"/api/v1/alarms/{alarm.pk}").json()["shelved_until"] == until
    assert send(root, "post", "alarms/unshelve", ids).json() == {"unshelved": 1}
    problem(send(root, "post", "alarms/shelve", {**shelf, "until": 1}), 422)
    assert "99" in problem(send(root, "post", "alarms/acknowledge", {"ids": [99]}), 404)["detail"]


def test_rules_are_made_changed_and_removed(press: Press, root: Client) -> None:
    made = send(root, "post", "alarm-rules", {**RULE, "starts": "06:00", "ends": "22:00"})
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    assert made.json()["starts"] == "06:00"
    changed = send(
        root, "patch", f"alarm-rules/{number}", {"high": 7, "starts": None, "ends": None}
    )
    assert (changed.json()["high"], changed.json()["starts"]) == (7.0, None)
    assert changed.json()["metric"] == "t"
    assert len(root.get("/api/v1/alarm-rules").json()["rules"]) == 1
    assert root.get(f"/api/v1/alarm-rules/{number}").json()["device"] == "press"
    moved = send(root, "patch", f"alarm-rules/{number}", {"device": ""}).json()
    assert moved["device"] == ""
    assert send(root, "delete", f"alarm-rules/{number}").status_code == 204
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({**RULE, "high": None}, "high"),
        ({**RULE, "kind": "x"}, "kind"),
        ({**RULE, "device": "none"}, "device"),
        ({**RULE, "site": "none"}, "site"),
        ({**RULE, "tag": "none"}, "tag"),
        ({**RULE, "starts": "6"}, "starts"),
        ({**RULE, "zone": "Mars"}, "zone"),
        ({**RULE, "nmae": "x"}, "nmae"),
        ({**RULE, "for_s": -1}, "for_s"),
    ],
)
def test_a_wrong_rule_names_its_field(root: Client, body: Any, parameter: str) -> None:
    told = problem(send(root, "post", "alarm-rules", body), 422)
    assert told["errors"][0]["parameter"] == parameter


def test_a_rule_is_tried_and_not_stored(press: Press, root: Client) -> None:
    press.now = round(time.time()) - 100
    press.send({press.now: 9, press.now + 10: 1})
    told = send(root, "post", "alarm-rules/back-test", {"rule": RULE, "days": 1}).json()
    assert (told["count"], told["on_s"], told["series"], told["of"]) == (1, 10, 1, 1)
    assert told["alarms"][0]["device"] == "press"
    assert told["alarms"][0]["since"] == press.now * 1_000
    assert not Rule.objects.exists()
    wrong = {"rule": {**RULE, "unit": "°C"}}
    assert (
        problem(send(root, "post", "alarm-rules/back-test", wrong), 422)["errors"][0]["parameter"]
        == "unit"
    )


def test_maintenance_is_said_and_ended(press: Press, root: Client) -> None:
    until = round(time.time() * 1_000) + 3_600_000
    made = send(root, "post", "alarms/maintenance", {"device": "press", "to": until, "reason": "x"})
    assert made.status_code == 201
    assert made.json()["to"] == until
    number = made.json()["id"]
    assert send(root, "delete", f"alarms/maintenance/{number}").status_code == 204
    for body, parameter in (
        ({"to": until, "reason": "x"}, "device"),
        ({"device": "press", "site": "x", "to": until, "reason": "x"}, "device"),
        ({"device": "press", "to": 0, "reason": "x"}, "until"),
        ({"device": "press", "to": until, "reason": ""}, "reason"),
    ):
        told = problem(send(root, "post", "alarms/maintenance", body), 422)
        assert told["errors"][0]["parameter"] == parameter


def test_the_live_protocol_tells_what_is_on(press: Press, root: Client) -> None:
    alarm = raised(press)
    sub = {"t": "sub", "id": 1, "kind": "alarms"}
    frames = send(root, "post", "live", {"subs": [sub]}).json()["frames"]
    assert frames[1]["counts"]["warning"] == 1
    assert frames[1]["alarms"][0]["id"] == alarm.pk
    other = {**sub, "match": {"site": "none"}}
    frames = send(root, "post", "live", {"subs": [other]}).json()["frames"]
    assert frames[1]["alarms"] == []
