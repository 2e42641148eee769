"""The page on which a broker's devices are found: who may look, and what accepting makes."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from devices import secrets
from devices.jobs import files
from devices.models import Broker, Job, Source

pytestmark = pytest.mark.usefixtures("tables")
PROPOSALS = [
    {
        "convention": "tasmota",
        "label": "Tasmota",
        "options": {},
        "reasons": ["tele/<b>a</b>/LWT"],
        "topics": 3,
        "unknown_units": ["<b>flurbs</b>"],
        "not_interpreted": [["{{ <i> }}", "no <i>"]],
        "templates": [],
        "devices": [
            {
                "id": f"plug-{n}",
                "name": f"<i>Plug {n}</i>",
                "model": "",
                "status": "online",
                "values": {"energy.power": {"value": 5.5, "unit": "W"}},
            }
            for n in range(9)
        ],
    },
    {
        "convention": "templates",
        "label": "",
        "options": {"templates": [{"topic": "hall/{device}/{metric}"}]},
        "reasons": [],
        "topics": 1,
        "templates": [{"topic": "hall/{device}/{metric}", "reasons": ["2 names at one level"]}],
        "devices": [],
    },
]


@pytest.fixture
def staff() -> Client:
    user = get_user_model().objects.create_user("sam", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_source"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(staff: Client) -> Client:
    """The same person, with rights on brokers."""
    user = get_user_model().objects.get()
    names = ["add_broker", "change_broker"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return staff


def heard(proposals: list[dict[str, Any]]) -> Job:
    job = Job.objects.create(
        kind="discover", title="it", state="done", words="9 packets", ended_at=timezone.now()
    )
    files.append(job.pk, files.OUT, json.dumps(proposals).encode())
    return job


def test_whoever_may_not_add_sources_sees_nothing() -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("vera"))
    assert client.get("/connect").status_code == 403
    assert client.post("/connect", {"listen": "1"}).status_code == 403
    assert 'href="/connect"' not in client.get("/").content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize(("asked", "seconds"), [("60", 60), ("61", 15), ("x", 15), ("²", 15)])
def test_listening_is_asked_for_once(staff: Client, asked: str, seconds: int) -> None:
    assert "Nobody has looked yet" in staff.get("/connect").content.decode()
    assert staff.post("/connect", {"listen": "1", "seconds": asked}).status_code == 302
    assert Job.objects.get().options == {"seconds": seconds, "broker": ""}
    page = staff.get("/connect").content.decode()
    assert "data-busy" in page
    staff.post("/connect", {"listen": "1", "seconds": asked})
    assert Job.objects.count() == 1


def test_what_was_heard_is_shown_escaped_and_in_part(staff: Client) -> None:
    heard(PROPOSALS)
    page = staff.get("/connect").content.decode()
    assert "energy.power 5.5 W" in page
    assert "&lt;i&gt;Plug 0&lt;/i&gt;" in page
    assert "<i>" not in page
    assert "tele/&lt;b&gt;a" in page
    assert "and 3 more" in page
    assert "hall/{device}/{metric}" in page
    assert "<html" not in staff.get("/connect?fragment=1").content.decode()


def test_what_is_chosen_is_made_and_nothing_else(staff: Client) -> None:
    heard(PROPOSALS)
    page = staff.post("/connect", {"use": ["1", "7", "-1", "²", "999999"]}, follow=True)
    assert "These are read from now on: structure" in page.content.decode()
    assert set(Source.objects.values_list("name", flat=True)) == {"native", "structure"}


@pytest.mark.parametrize("chosen", [[], ["7"]])
def test_choosing_nothing_says_so(staff: Client, chosen: list[str]) -> None:
    heard(PROPOSALS)
    page = staff.post("/connect", {"use": chosen}, follow=True)
    assert "Choose what is to be read" in page.content.decode()
    assert Source.objects.count() == 1


def test_nothing_found_and_a_failure_are_told(staff: Client) -> None:
    job = heard([])
    assert "Nothing that is not read already" in staff.get("/connect").content.decode()
    Job.objects.filter(pk=job.pk).update(state="failed", words="mqtt://b:1 cannot be reached")
    assert "mqtt://b:1 cannot be reached" in staff.get("/connect").content.decode()


def ask(client: Client, **given: str) -> Any:
    return client.post("/connect", {"listen": "1", "seconds": "15", **given})


def test_another_broker_is_added_switched_off_and_listened_to(manager: Client) -> None:
    given = {"addresses": "mqtts://b.example", "username": "me", "password": " s3cret "}
    assert ask(manager, broker="+", **given).status_code == 302
    row = Broker.objects.get()
    assert (row.name, row.addresses, row.username) == ("b-example", "mqtts://b.example:8883", "me")
    assert secrets.unseal(row.password) == " s3cret "
    assert (row.enabled, row.canary) == (False, False)
    assert Job.objects.get().options == {"seconds": 15, "broker": "b-example"}
    page = manager.get("/connect").content.decode()
    assert "s3cret" not in page
    assert '<option value="b-example" selected>' in page
    assert "switched off" in page
    Broker.objects.update(enabled=True)
    assert "not proven" in manager.get("/connect").content.decode()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Address: This field is required."),
        ("http://<b>", "Address: It begins with mqtt://"),
        ("mqtt://u:a/b@c", "/ as %2F"),
    ],
)
def test_what_is_no_address_is_told_beside_its_field(
    manager: Client, address: str, words: str
) -> None:
    answer = ask(manager, broker="+", addresses=address, username="me", password="s3cret")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'role="alert" id="id_addresses_error">{words}' in page or words in page
    assert 'aria-invalid="true"' in page
    assert "s3cret" not in page
    assert "<b>" not in page.split("</nav>")[-1].replace("<body", "")
    assert not Job.objects.exists()
    assert not Broker.objects.exists()


def test_a_broker_that_was_added_is_chosen_by_name(staff: Client) -> None:
    Broker.objects.create(name="home", addresses="mqtt://h:1883")
    ask(staff, broker="home")
    assert Job.objects.get().options == {"seconds": 15, "broker": "home"}
    Job.objects.all().delete()
    answer = staff.post("/connect", {"listen": "1", "broker": "gone"}, follow=True)
    assert "That broker was deleted meanwhile" in answer.content.decode()
    assert not Job.objects.exists()


def test_what_is_accepted_is_read_at_its_broker(manager: Client) -> None:
    row = Broker.objects.create(name="home", addresses="mqtt://h:1883", enabled=False)
    job = heard(PROPOSALS)
    Job.objects.filter(pk=job.pk).update(options={"seconds": 15, "broker": "home"})
    manager.post("/connect", {"use": ["0"]})
    source = Source.objects.get(convention="tasmota")
    assert (source.name, source.broker) == ("tasmota-home", row)
    assert Broker.objects.get().enabled
    Source.objects.filter(broker=row).delete()
    row.delete()
    answer = manager.post("/connect", {"use": ["0"]}, follow=True)
    assert "That broker was deleted meanwhile" in answer.content.decode()


def test_without_rights_on_brokers_none_is_added_changed_or_switched_on(staff: Client) -> None:
    assert 'value="+"' not in staff.get("/connect").content.decode()
    assert ask(staff, broker="+", addresses="b.example").status_code == 403
    Broker.objects.create(name="home", addresses="mqtt://h:1883", enabled=False)
    job = heard(PROPOSALS)
    Job.objects.filter(pk=job.pk).update(options={"seconds": 15, "broker": "home"})
    answer = staff.post("/connect", {"use": ["0"]}, follow=True)
    assert "switched off, and you may not change it" in answer.content.decode()
    assert not Source.objects.filter(convention="tasmota").exists()


def test_whoever_may_add_brokers_alone_changes_no_password(staff: Client) -> None:
    user = get_user_model().objects.get()
    user.user_permissions.add(Permission.objects.get(codename="add_broker"))
    assert ask(staff, broker="+", addresses="h", username="bob", password="good").status_code == 302
    Job.objects.all().delete()
    answer = ask(staff, broker="+", addresses="h", username="bob", password="evil")
    assert answer.status_code == 400
    assert "you may not change its password" in answer.content.decode()
    assert secrets.unseal(Broker.objects.get().password) == "good"


def test_units_that_are_not_known_are_named(staff: Client) -> None:
    heard(PROPOSALS)
    page = staff.get("/connect").content.decode()
    assert "shown as they are: &lt;b&gt;flurbs&lt;/b&gt;." in page
    assert page.count("shown as they are") == 1
    assert "<code>{{ &lt;i&gt; }}</code>: no &lt;i&gt;" in page
