"""Every form of the admin opens and saves, for rows as they come out of real use.

`make test` runs this file on SQLite and on PostgreSQL. A model that is registered later
fails here until it has a row and, where it can be added, a filled form.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse

from devices import secrets
from devices.access import kiosks
from devices.models import (
    ApiToken,
    Broker,
    Device,
    DeviceCounts,
    Kiosk,
    Membership,
    RetentionPolicy,
    Series,
    Site,
    Source,
    Tag,
)
from devices.storage import dialects, leases
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.support.factories import make_batch, make_entry
from tests.support.forms import visit

pytestmark = pytest.mark.usefixtures("tables")
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def packets() -> None:
    """What devices do: QoS 1 and 0, all kinds, bad samples, bad clocks, conflicts, wills."""
    dialect = dialects.dialect()
    writer = SlotWriter("ingest-0", dialect)
    writer.epoch = leases.acquire("ingest-0", "me", dialect) or 0

    def send(payload: Any, topic: str, **more: Any) -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        writer.store(make_batch(make_entry(text, topic, **more)))

    send({"t": 21.5, "pump": True, "mode": "auto"}, "devices/at-qos-1/telemetry")
    send({"t": 1}, "devices/at-qos-0/telemetry", qos=0)
    send({"ts": 5, "t": 1, "u": [1, 2]}, "devices/bad-clock/telemetry")
    send({"ts": 1_763_681_000_000, "t": 1}, "devices/conflict/telemetry")
    send({"ts": 1_763_681_000_000, "t": 2}, "devices/conflict/telemetry")
    send("offline", "devices/at-qos-1/status", retain=True)
    send("online", "devices/only-status/status")
    send({"t": 1}, "devices/K\u00fcche \U0001f321 <b>/telemetry")
    send("{", "devices/broken/telemetry")
    writer.flush_now()


@pytest.fixture
def in_use(settings: Any) -> User:
    """An installation in use; returns its administrator."""
    settings.MQTT_REGISTRATION = "accept"
    packets()
    settings.MQTT_REGISTRATION = "pending"
    boss = User.objects.create_superuser("boss", password="secret-123")
    plant = Site.objects.create(slug="plant-1", name="Plant 1")
    hall = Site.objects.create(slug="hall", name="Hall", parent=plant)
    Membership.objects.create(user=boss, site=hall, role="operator")
    first = Device.objects.get(key="at-qos-1")
    first.tags.add(Tag.objects.create(name="press"))
    Device.objects.filter(key="conflict").update(pending=True)
    Device.objects.filter(key="at-qos-0").update(site=hall, enabled=False)
    Device.objects.create(key="by-hand")
    ApiToken.objects.create(user=boss, digest="d" * 64)
    kiosks.enrol(Kiosk.objects.create(name="Gate", site=plant))
    kiosks.new_code(Kiosk.objects.create(name="Office", site=hall))
    RetentionPolicy.objects.create(site=plant, raw_days=30)
    Source.objects.create(name="halls", filters=["hall/+/devices/+/telemetry"], clock="arrival")
    Group.objects.create(name="shift")
    home = Broker(name="home", addresses="mqtt://10.0.0.2:1883", username="me")
    home.set_password("secret-word")
    home.save()
    return boss


def row(item: Model) -> dict[str, str]:
    """Its columns; moments to the second, as Django's own fields for them are."""
    return {
        name: str(value.replace(microsecond=0) if isinstance(value, datetime) else value)
        for name, value in model_to_dict(item).items()
    }


def address(item: Model | type[Model], page: str) -> str:
    name = f"admin:{item._meta.app_label}_{item._meta.model_name}_{page}"
    return reverse(name, args=[] if isinstance(item, type) else [item.pk])


@pytest.fixture
def boss(in_use: User, client: Client) -> Client:
    """The administrator's browser."""
    client.force_login(in_use)
    return client


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_what_is_there_opens_and_saves_unchanged(model: type[Model], boss: Client) -> None:
    items = list(model._default_manager.all())
    assert items, f"make a row of {model._meta.label} in this test"
    assert visit(boss, address(model, "changelist")).status == 200
    for item in items:
        page = visit(boss, address(item, "change"))
        assert page.status == 200
        form = page.form(f"{model._meta.model_name}_form")
        if form is None or "_save" not in form.buttons:
            continue  # shown, not edited
        before = row(item)
        saved = form.submit("_save")
        assert (saved.status, saved.errors) == (302, []), str(item)
        item.refresh_from_db()
        assert row(item) == before


# What somebody types into an empty form; None: it cannot be added here.
TYPED: dict[str, Callable[[], dict[str, str]] | None] = {
    "auth.Group": lambda: {"name": "night shift"},
    "auth.User": lambda: {
        **{"username": "anna", "usable_password": "true"},
        **dict.fromkeys(("password1", "password2"), "correct horse 7"),
    },
    "devices.ApiToken": None,
    "devices.Broker": lambda: {
        **{"name": "yard", "addresses": "mqtt://b.example", "new_password": "w"},
        "version": "3.1.1",
    },
    "devices.Device": lambda: {"key": "new-1", "name": "New"},
    "devices.Kiosk": lambda: {"name": "Canteen", "site": str(Site.objects.get(slug="hall").pk)},
    "devices.RetentionPolicy": lambda: {
        **{"device_type": "press", "raw_days": "7", "minutes_days": "7"}
    },
    "devices.Series": None,
    "devices.Site": lambda: {"name": "Yard", "slug": "yard"},
    "devices.Source": lambda: {"name": "other", "filters": "a/+/telemetry\n\nb/#"},
    "devices.Tag": lambda: {"name": "pump"},
    "mqtt_ingest.DeadLetter": None,
}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_what_is_not_there_can_be_added(model: type[Model], boss: Client) -> None:
    typed = TYPED[model._meta.label]
    before = model._default_manager.count()
    page = visit(boss, address(model, "add"))
    if typed is None:
        assert page.status == 403
        return
    form = page.form(f"{model._meta.model_name}_form")
    assert form is not None
    form.fill(**typed())
    saved = form.submit("_save")
    assert (saved.status, saved.errors) == (302, [])
    assert model._default_manager.count() == before + 1


@pytest.mark.slow
@pytest.mark.parametrize("more", [0, 5])
def test_a_device_with_very_many_series_can_be_saved(
    boss: Client, settings: Any, more: int
) -> None:
    device, number = Device.objects.get(key="by-hand"), settings.MAX_SERIES_PER_DEVICE + more
    Series.objects.bulk_create(Series(device=device, metric=f"m{n}") for n in range(number))
    form = visit(boss, address(device, "change")).form("device_form")
    assert form is not None
    form.fill(**{"series-7-unit": "bar"})
    assert form.submit("_save").status == 302
    assert list(Series.objects.exclude(unit="").values_list("unit", flat=True)) == ["bar"]


def test_counts_are_shown_and_not_edited(boss: Client) -> None:
    page = visit(boss, address(Device.objects.get(key="conflict"), "change"))
    form = page.form("device_form")
    assert form is not None
    numbers = {f"counts-0-{field.name}" for field in DeviceCounts._meta.get_fields()}
    assert not numbers & set(form.data) - {"counts-0-device"}
    assert "Conflicts:" in page.text
    assert "Last at QoS 0:" in page.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("convention", "nonsense", "Select a valid choice"),
        ("filters", "a/b#", "+ and # must stand alone"),
        ("filters", "good/#\na/#/b", "# must be the last level"),
        ("filters", "$share/g/devices/#", "written without $share"),
    ],
)
def test_a_source_that_no_worker_could_read_is_refused(
    field: str, value: str, words: str, boss: Client
) -> None:
    source = Source.objects.get(name="native")
    form = visit(boss, address(source, "change")).form("source_form")
    assert form is not None
    form.fill(**{field: value})
    refused = form.submit("_save")
    assert refused.status == 200
    assert words in " ".join(refused.errors)
    source.refresh_from_db()
    assert (source.convention, source.filters) == ("native", [])


def test_a_brokers_password_is_written_and_never_shown(boss: Client) -> None:
    home = Broker.objects.get()
    page = visit(boss, address(home, "change"))
    assert "secret-word" not in page.text
    assert home.password not in page.text
    form = page.form("broker_form")
    assert form is not None
    form.submit("_save")
    assert secrets.unseal(Broker.objects.get().password) == "secret-word"
    form.fill(new_password=" other ")
    form.submit("_save")
    assert secrets.unseal(Broker.objects.get().password) == " other "
    form.fill(new_password="", addresses="mqtt://10.0.0.3:1883")
    assert "Enter it again" in form.submit("_save").text, "it would go to somebody else"
    assert Broker.objects.get().addresses == "mqtt://10.0.0.2:1883"
    form.fill(forget_password="on", addresses="ws://10.0.0.2/feed")
    form.submit("_save")
    assert Broker.objects.get().password == ""
    assert Broker.objects.get().addresses == "ws://10.0.0.2:80/feed"


def test_a_gateway_that_speaks_through_the_device_itself_is_refused(boss: Client) -> None:
    first, second = Device.objects.get(key="at-qos-1"), Device.objects.get(key="by-hand")
    Device.objects.filter(pk=second.pk).update(parent=first)
    for gateway in (first, second):
        form = visit(boss, address(first, "change")).form("device_form")
        assert form is not None
        form.fill(parent=str(gateway.pk))
        saved = form.submit("_save")
        assert (saved.status, "speaks through this device itself" in saved.text) == (200, True)
    assert Device.objects.get(pk=first.pk).parent is None


def test_a_broker_in_use_is_switched_off_before_it_is_deleted(boss: Client) -> None:
    home = Broker.objects.get()
    assert boss.post(address(home, "delete"), {"post": "yes"}).status_code == 403
    Broker.objects.update(enabled=False)
    source = Source.objects.create(name="z2m", convention="zigbee2mqtt", broker=home)
    assert "z2m" in visit(boss, address(home, "delete")).text
    boss.post(address(home, "delete"), {"post": "yes"})
    assert Broker.objects.exists(), "its Sources come first"
    source.delete()
    boss.post(address(home, "delete"), {"post": "yes"})
    assert not Broker.objects.exists()
