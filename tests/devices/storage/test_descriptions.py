"""What devices say about themselves is stored where people have not said otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from devices.models import Device, DeviceDescription, Series
from devices.registry.states import AsOf, since_of, state_case, state_of
from devices.storage import descriptions, registration, statuses
from devices.storage.descriptions import Said

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def describe(device: Device, *, parent: Device | None = None, **said: Any) -> Device:
    series = said.pop("series", {})
    descriptions.write([Said(device.pk, said, series, parent.pk if parent else None)], NOW)
    device.refresh_from_db()
    return device


def test_a_device_is_called_what_it_calls_itself_until_somebody_names_it() -> None:
    device = describe(Device.objects.create(key="a"), name="Lamp", model="TS0505B")
    assert (device.name, device.device_type) == ("Lamp", "TS0505B")
    assert describe(device, name="Lamp 2").name == "Lamp 2"
    device.name = "Over the table"
    device.save()
    assert describe(device, name="Lamp 3").name == "Over the table"


def test_what_was_set_by_hand_stays_even_where_a_description_said_the_same_meanwhile() -> None:
    device = describe(Device.objects.create(key="a"), name="A")
    device.name = "B"
    device.save()
    describe(device, name="B")
    assert describe(device, name="C").name == "B"


def test_an_emptied_field_is_left_to_descriptions_again() -> None:
    device = Device.objects.create(key="a", name="mine")
    assert describe(device, name="Lamp").name == "mine"
    device.name = ""
    device.save()
    assert describe(device, name="Lamp").name == "Lamp"


def test_changes_of_a_description_are_noted() -> None:
    device = describe(Device.objects.create(key="a"), series={"t": {"unit": "Cel"}})
    assert DeviceDescription.objects.get(device=device).changes == []
    describe(device, series={"t": {"unit": "[degF]"}})
    (change,) = DeviceDescription.objects.get(device=device).changes
    assert (change["field"], change["old"], change["new"]) == ("t: unit", "Cel", "[degF]")


def test_series_get_what_is_said_of_them_before_and_after_they_are_made() -> None:
    device = Device.objects.create(key="a")
    said = {"unit": "Cel", "unit_as_sent": "°C", "kind": "number", "label": "Outside", "states": []}
    before = {"early": said, "late": {**said, "kind": "text"}}
    registration.make_series([(device.pk, "early", "number")])
    describe(device, series=before)
    registration.make_series([(device.pk, "late", "number"), (device.pk, "other", "number")])
    found = {one.metric: one for one in Series.objects.filter(device=device)}
    assert [found[name].unit for name in ("early", "late", "other")] == ["Cel", "Cel", ""]
    assert (found["early"].label, found["late"].kind) == ("Outside", "text")


def test_the_unit_that_a_person_set_stays_with_the_kind_it_has() -> None:
    device = Device.objects.create(key="a")
    registration.make_series([(device.pk, "t", "number")])
    series = Series.objects.get()
    series.unit = "K"
    series.save()
    describe(device, series={"t": {"unit": "Cel", "kind": "text", "label": "x"}})
    series.refresh_from_db()
    assert (series.unit, series.kind, series.label) == ("K", "number", "x")


def test_no_device_is_a_gateway_of_its_own_gateway(caplog: pytest.LogCaptureFixture) -> None:
    a, b, c = (Device.objects.create(key=key) for key in "abc")
    describe(b, parent=a)
    describe(c, parent=b)
    assert describe(a, parent=c).parent_id is None
    assert "a: what says that it speaks through device" in caplog.text
    assert describe(a, parent=a).parent_id is None


def test_hostile_texts_are_cut_and_kept_in_one_line() -> None:
    device = describe(Device.objects.create(key="a"), name="x\x00\n" + "y" * 500, model="m" * 500)
    describe(device, series={"t\x00": {"unit": "\x00", "label": "\ud800"}})
    assert len(device.name) == 200
    assert device.name.isprintable()
    assert len(device.device_type) == 100


def say(device: Device, word: str, at: datetime) -> None:
    with connection.cursor() as cursor:
        statuses.write(cursor, {device.pk: (word, round(at.timestamp() * 1_000_000))})


def states() -> dict[str, str]:
    as_of = AsOf(NOW)
    told = {one.key: state_of(one, as_of) for one in Device.objects.all()}
    counted = Device.objects.annotate(state=state_case(as_of)).values_list("key", "state")
    assert told == dict(counted)
    return told


def test_what_speaks_through_an_offline_gateway_is_unknown_since_then() -> None:
    heard = {"last_seen": NOW - timedelta(minutes=9), "expected_by": NOW + timedelta(hours=1)}
    gateway, child, leaf, _other = (Device.objects.create(key=k, **heard) for k in "gclo")
    describe(child, parent=gateway)
    describe(leaf, parent=child)
    gone = NOW - timedelta(minutes=1)
    say(gateway, "offline", gone)
    assert states() == {"g": "offline", "c": "unknown", "l": "unknown", "o": "online"}
    leaf.refresh_from_db()
    assert since_of(leaf, AsOf(NOW)) == gone
    say(gateway, "online", NOW - timedelta(seconds=1))
    assert states() == {"g": "online", "c": "online", "l": "online", "o": "online"}


def test_a_child_that_is_offline_by_itself_stays_so_and_cuts_off_what_is_below_it() -> None:
    heard = {"last_seen": NOW - timedelta(minutes=9), "expected_by": NOW + timedelta(hours=1)}
    gateway, child, leaf = (Device.objects.create(key=k, **heard) for k in "gcl")
    describe(child, parent=gateway)
    describe(leaf, parent=child)
    say(child, "offline", NOW - timedelta(minutes=2))
    say(gateway, "offline", NOW - timedelta(minutes=1))
    say(gateway, "online", NOW - timedelta(seconds=1))
    assert states() == {"g": "online", "c": "offline", "l": "unknown"}


def test_what_comes_under_an_offline_gateway_is_cut_off_at_once() -> None:
    gateway = Device.objects.create(key="g")
    say(gateway, "offline", NOW)
    assert describe(Device.objects.create(key="c"), parent=gateway).cut_off_since == NOW
