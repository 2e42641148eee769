"""Alarms as pages: each form is opened, used and saved."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from devices.alarms.listing import state_of
from devices.alarms.models import Alarm, Maintenance, Receiver, Rule
from devices.models import Device, Membership, Process, Series, Site
from tests.devices.alarms.plant import Press

pytestmark = pytest.mark.usefixtures("tables")
FORM = {
    **{"name": "Too hot", "metric": "t", "kind": "above", "high": "5", "hysteresis": "0"},
    **{"window_s": "0", "for_s": "0", "clear_s": "0", "again_s": "300", "severity": "critical"},
    "enabled": "on",
}


@pytest.fixture
def press() -> Press:
    made = Press()
    site = Site.objects.create(name="Hall", slug="hall")
    Device.objects.update(site=site, name="Press 3")
    return made


@pytest.fixture
def anna(press: Press) -> Client:
    return client_of("anna", "operator")


def client_of(name: str, role: str) -> Client:
    user = get_user_model().objects.create_user(name, email=f"{name}@plant.example")
    Membership.objects.create(user=user, site=Site.objects.get(slug="hall"), role=role)
    client = Client()
    client.force_login(user)
    return client


def told(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def raise_one(press: Press, **fields: Any) -> Alarm:
    press.rule(**{"name": "Too hot", **fields})
    press.send({press.now + 1: 9})
    press.look(1)
    return Alarm.objects.latest("pk")


def test_without_any_rule_the_first_one_is_offered(anna: Client) -> None:
    page = told(anna.get("/alarms"))
    assert "No alarm is on." in page
    assert "Make the first rule" in page
    assert "Nothing is watched yet." in told(anna.get("/alarms/rules"))


def test_while_nothing_comes_in_it_says_so(anna: Client) -> None:
    assert "No packets come in" in told(anna.get("/alarms?fragment=1"))


def test_while_packets_come_in_it_does_not(anna: Client, ingest_up: Process) -> None:
    assert "No packets come in" not in told(anna.get("/alarms"))


def test_an_alarm_is_listed_acknowledged_shelved_and_taken_off(press: Press, anna: Client) -> None:
    alarm = raise_one(press, text="<b>{value}</b>", runbook="https://wiki.example/oil")
    page = told(anna.get("/alarms"))
    assert "Too hot" in page
    assert "&lt;b&gt;9&lt;/b&gt;" in page
    assert 'href="https://wiki.example/oil" rel="noopener noreferrer"' in page
    answer = anna.post("/alarms", {"alarm": alarm.pk, "do": "acknowledge", "note": "mine"})
    assert answer.status_code == 302
    alarm.refresh_from_db()
    assert state_of(alarm) == "acknowledged"
    detail = told(anna.get(f"/alarms/{alarm.pk}"))
    assert "mine" in detail
    assert "acknowledged" in detail
    anna.post("/alarms", {"alarm": alarm.pk, "do": "shelve", "hours": "8", "note": "known"})
    alarm.refresh_from_db()
    assert alarm.shelved_until is not None
    assert timedelta(hours=7) < alarm.shelved_until - timezone.now() < timedelta(hours=9)
    assert "Too hot" not in told(anna.get("/alarms?fragment=1"))
    assert "Too hot" in told(anna.get("/alarms?state=shelved&fragment=1"))
    anna.post("/alarms", {"alarm": alarm.pk, "do": "unshelve"})
    assert "Too hot" in told(anna.get("/alarms?fragment=1"))


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        *(("severity=warning", True), ("severity=critical", False), ("site=hall", True)),
        *(("site=none", False), ("device=press", True), ("device=other", False)),
        *(("q=hot", True), ("q=cold", False), ("state=all", True), ("state=x", True)),
        ("page=x", True),
    ],
)
def test_the_list_is_narrowed(press: Press, anna: Client, query: str, is_there: bool) -> None:
    raise_one(press)
    assert ("Too hot" in told(anna.get(f"/alarms?fragment=1&{query}"))) is is_there


def test_it_goes_back_to_where_it_came_from_and_nowhere_else(press: Press, anna: Client) -> None:
    alarm = raise_one(press)
    for given, expected in (("/alarms?q=x", "/alarms?q=x"), ("https://evil.example/", "/alarms")):
        answer = anna.post("/alarms", {"alarm": alarm.pk, "do": "acknowledge", "next": given})
        assert answer["Location"] == expected
    assert "Choose alarms first." in told(anna.post("/alarms", {}, follow=True))
    words = told(anna.post("/alarms", {"alarm": alarm.pk, "do": "shelve"}, follow=True))
    assert "Say why." in words


def test_alarms_as_a_file(press: Press, anna: Client) -> None:
    raise_one(press, name="=cmd()")
    lines = anna.get("/alarms.csv?state=all").getvalue().decode().splitlines()
    assert lines[0].startswith("since,until,seconds,severity,state,device")
    assert ",warning,raised,press,hall,t,9," in lines[1]
    assert "'=cmd()" in lines[1]


def test_a_rule_is_made_tried_changed_and_deleted(press: Press, anna: Client) -> None:
    form = told(anna.get("/alarms/rules/new?device=press&metric=t&kind=above&high=5"))
    assert 'value="press"' in form
    press.send({press.now + 1: 9})
    tried = told(anna.post("/alarms/rules/new", {**FORM, "device_key": "press", "try": "1"}))
    assert "What it would have raised" in tried
    assert not Rule.objects.exists()
    answer = anna.post("/alarms/rules/new", {**FORM, "device_key": "press"})
    assert answer["Location"] == "/alarms/rules"
    rule = Rule.objects.get()
    assert (rule.device, rule.high, rule.changed_by) == (press.device, 5.0, "anna")
    assert rule.since > 0
    before = rule.number
    path = f"/alarms/rules/{rule.pk}"
    assert 'value="Too hot"' in told(anna.get(path))
    anna.post(path, {**FORM, "device_key": "press", "high": "7,5"})
    rule.refresh_from_db()
    assert rule.high == 5.0
    anna.post(
        path, {**FORM, "device_key": "press", "high": "7.5", "starts": "06:00", "ends": "22:00"}
    )
    rule.refresh_from_db()
    assert (rule.high, str(rule.starts)) == (7.5, "06:00:00")
    assert rule.number > before
    anna.post(path, {"delete": "1"})
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"high": ""}, "This kind of rule needs it."),
        ({"device_key": "none"}, "There is no such device"),
        ({"device_key": ""}, "that you are an operator of"),
        ({"site": "other"}, "Select a valid choice"),
        ({"metric": ""}, "Name a metric"),
        ({"for_s": "-1"}, "greater than or equal to 0"),
        ({"runbook": "javascript:alert(1)"}, "valid URL"),
        ({"starts": "25:00"}, "valid time"),
    ],
)
def test_a_wrong_rule_says_which_field(anna: Client, fields: dict[str, str], words: str) -> None:
    Site.objects.create(name="Other", slug="other")
    answer = anna.post("/alarms/rules/new", {**FORM, "device_key": "press", **fields})
    assert answer.status_code == 400
    assert words in told(answer)
    assert not Rule.objects.exists()


def test_a_unit_that_fits_nothing_is_told_when_it_is_tried(anna: Client) -> None:
    Series.objects.update(unit="bar")
    data = {**FORM, "device_key": "press", "unit": "°C", "try": "1"}
    assert "limits in °C do not fit values in bar" in told(anna.post("/alarms/rules/new", data))


def test_rules_suggest_themselves_from_known_limits(anna: Client) -> None:
    Series.objects.update(minimum=1, maximum=9, unit="bar")
    page = told(anna.get("/alarms/rules"))
    assert "t of Press 3 leaves 1 to 9 bar" in page
    assert "kind=outside&amp;low=1.0&amp;high=9.0" in page


def test_maintenance_begins_and_ends(press: Press, anna: Client) -> None:
    until = (timezone.now() + timedelta(hours=2)).isoformat()
    for data, words in (
        ({"device": "press", "until": until, "reason": "oil"}, "Nothing is raised there"),
        ({"site": "hall", "until": until, "reason": "oil"}, "Nothing is raised there"),
        ({"device": "press", "until": until, "reason": ""}, "Say why."),
        ({"device": "press", "until": "", "reason": "oil"}, "Say until when."),
        ({"device": "press", "until": "soon", "reason": "oil"}, "neither ISO 8601"),
        ({"device": "none", "until": until, "reason": "oil"}, "Name a site or a device"),
        ({"device": "press", "until": "2020-01-01", "reason": "oil"}, "It ends after it begins"),
    ):
        assert words in told(anna.post("/alarms/maintenance", data, follow=True)), data
    assert Maintenance.objects.count() == 2
    work = Maintenance.objects.filter(device=press.device).get()
    answer = told(anna.post("/alarms/maintenance", {"end": work.pk}, follow=True))
    assert "It has ended" in answer
    work.refresh_from_db()
    assert work.until <= timezone.now().timestamp() * 1e6
    assert anna.post("/alarms/maintenance", {"end": "9" * 30}).status_code == 404


def test_people_have_themselves_told(press: Press, anna: Client) -> None:
    new = "/alarms/receivers/new"
    assert 'value="anna"' in told(anna.get(new))
    data = {"name": "Me", "kind": "person", "person": "anna", "least": "warning", "enabled": "on"}
    made = anna.post(new, data)
    one = Receiver.objects.get()
    assert made["Location"] == f"/alarms/receivers/{one.pk}"
    assert one.user is not None
    assert "Me" in told(anna.get("/alarms/receivers"))
    anna.post(
        f"/alarms/receivers/{one.pk}",
        {**data, "name": "Myself", "quiet_from": "22:00", "quiet_to": "06:00"},
    )
    one.refresh_from_db()
    assert (one.name, str(one.quiet_from)) == ("Myself", "22:00:00")
    words = told(anna.post(f"/alarms/receivers/{one.pk}", {"test": "1"}, follow=True))
    assert "It was not taken: No mail server is set: EMAIL_URL is empty." in words
    anna.post(f"/alarms/receivers/{one.pk}", {"delete": "1"})
    assert not Receiver.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "email", "target": "duty@plant.example"}, "that you manage"),
        ({"kind": "person", "person": "boss"}, "that you manage"),
        ({"kind": "person", "person": "nobody"}, "no account of that name"),
        ({"kind": "person", "quiet_from": "22:00"}, "Give both times"),
    ],
)
def test_others_are_told_by_whoever_manages(
    anna: Client, fields: dict[str, str], words: str
) -> None:
    client_of("boss", "manager")
    data = {"name": "x", "person": "anna", "least": "warning", **fields}
    answer = anna.post("/alarms/receivers/new", data)
    assert answer.status_code == 400
    assert words in told(answer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "email", "target": "nobody"}, "Enter a valid email address"),
        ({"kind": "email", "target": ""}, "There is no e-mail address"),
        ({"kind": "webhook", "target": "ftp://x.example"}, "begins with https://"),
        ({"kind": "sms", "target": "1"}, "Select a valid choice"),
    ],
)
def test_a_wrong_receiver_says_which_field(
    press: Press, fields: dict[str, str], words: str
) -> None:
    boss = client_of("boss", "manager")
    site = str(Site.objects.get().pk)
    answer = boss.post(
        "/alarms/receivers/new", {"name": "x", "least": "warning", "site": site, **fields}
    )
    assert answer.status_code == 400
    assert words in told(answer)


def test_a_webhook_tells_its_secret_once(press: Press) -> None:
    boss = client_of("boss", "manager")
    data = {"name": "x", "kind": "webhook", "target": "https://a.example/x", "least": "warning"}
    site = {"site": str(Site.objects.get().pk)}
    first = told(boss.post("/alarms/receivers/new", {**data, **site}, follow=True))
    assert "Its secret, told this once:" in first
    one = Receiver.objects.get()
    path = f"/alarms/receivers/{one.pk}"
    assert "told this once" not in told(boss.get(path))
    sealed = one.secret
    boss.post(path, {"secret": "1"})
    one.refresh_from_db()
    assert one.secret not in {"", sealed}


def test_a_device_shows_what_is_on_and_when_it_was(press: Press, anna: Client) -> None:
    alarm = raise_one(press)
    page = told(anna.get("/devices/press/"))
    assert f'data-alarm-id="{alarm.pk}"' in page
    assert f'data-alarm="t" data-from="{alarm.since}"' in page
    # Nothing is chosen there: the list is where alarms are answered.
    assert 'name="alarm"' not in page
