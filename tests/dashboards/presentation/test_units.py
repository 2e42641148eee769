"""Values are shown in the unit that a series has for everybody, and in a person's own."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.presentation import units
from devices.models import Device, Preferences, Series
from devices.queries import infos_of
from devices.unit_conversion import conversion
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store

pytestmark = pytest.mark.usefixtures("tables")
FAHRENHEIT = {"unit": "°F", "scale": 1.8, "offset": 32.0}


@pytest.fixture
def oven(settings: Any) -> Series:
    settings.MQTT_REGISTRATION = "accept"
    store(make_writer(), entry({"temperature": 21.5}))
    series = Series.objects.get()
    series.unit = "°C"
    series.save()
    return series


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def choose(**chosen: str) -> None:
    Preferences.objects.create(user=get_user_model().objects.get(username="boss"), units=chosen)


def test_a_person_sees_their_own_unit_everywhere(boss: Client, oven: Series) -> None:
    key = Device.objects.get().key
    assert "70.7" not in page(boss, f"/devices/{key}/")
    choose(**{"°C": "°F"})
    for path in ("/", f"/devices/{key}/", "/boards/without-site/"):
        shown = page(boss, path)
        assert "<b>70.7</b>" in shown or ">70.7<" in shown, path
        assert "°F" in shown, path
        assert ">21.5<" not in shown, path


def test_the_browser_is_told_how_to_show_live_values(boss: Client, oven: Series) -> None:
    assert 'data-units="{}"' in page(boss, "/")
    choose(**{"°C": "°F"})
    told = boss.get("/").context["chosen_units"]
    assert json.loads(str(told)) == {"°C": FAHRENHEIT}


def test_others_the_api_and_exports_see_what_is_stored(boss: Client, oven: Series) -> None:
    choose(**{"°C": "°F"})
    other = Client()
    other.force_login(get_user_model().objects.create_superuser("other"))
    key = Device.objects.get().key
    assert "21.5" in page(other, f"/devices/{key}/")
    assert boss.get(f"/api/v1/devices/{key}").json()["series"][0]["latest"]["value"] == 21.5


def test_a_unit_for_everybody_is_told_with_the_readings(boss: Client, oven: Series) -> None:
    oven.shown_unit, oven.decimals = "K", 1
    oven.save()
    key = Device.objects.get().key
    assert "294.6" in page(boss, f"/devices/{key}/") or "294.7" in page(boss, f"/devices/{key}/")
    (series,) = boss.get(f"/api/v1/devices/{key}/readings?from=0").json()["series"]
    assert series["unit"] == "°C"
    assert series["value"] == [21.5]
    assert series["shown"] == {"unit": "K", "scale": 1.0, "offset": 273.15}
    assert series["decimals"] == 1


def test_from_everybodys_unit_a_person_goes_on_to_their_own(boss: Client, oven: Series) -> None:
    oven.unit, oven.shown_unit = "K", "°C"
    oven.save()
    (info,) = infos_of([oven.pk])
    units.choose(lambda: {"°C": "°F"})
    how = units.shown(info)
    assert (how.unit, how.text(273.15)) == ("°F", "32")
    units.choose(dict)
    assert units.shown(info).text(273.15) == "0"


def test_states_are_in_no_unit(oven: Series) -> None:
    oven.kind, oven.shown_unit = "boolean", "K"
    oven.save()
    (info,) = infos_of([oven.pk])
    units.choose(lambda: {"°C": "°F"})
    assert units.shown(info) == units.Shown("°C")
    units.choose(dict)


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "shown"),
    [
        (21.0, "°C", "°F", 70.0),
        (21.25, "°C", "°F", 70.25),
        (1013.2, "hPa", "bar", 1.0132),
        (1.013, "bar", "psi", 14.69),
        (1e-7, "V", "mV", 1e-4),
        (-0.5, "°C", "°F", 31.1),
    ],
)
def test_a_value_is_as_exact_as_it_was(value: float, unit: str, wanted: str, shown: float) -> None:
    how = conversion(unit, wanted)
    assert how is not None
    assert units.converted(value, how) == pytest.approx(shown, rel=1e-12)


@pytest.mark.parametrize("value", [1.5e308, -1.5e308])
def test_a_value_that_is_beyond_a_double_in_another_unit_is_no_error(
    boss: Client, oven: Series, value: float
) -> None:
    later = round(time.time() * 1_000) - 1_000
    Series.objects.all().delete()
    store(make_writer(), entry({"ts": later, "temperature": value}))
    Series.objects.update(unit="°C")
    choose(**{"°C": "°F"})
    device = f"devices/{oven.device.key}/"
    for unit in ("", "°F"):
        Series.objects.update(shown_unit=unit)
        paths = ("", "boards/without-site/", device, f"{device}history", f"{device}history?by=day")
        for path in paths:
            answer = boss.get(f"/{path}")
            assert answer.status_code == 200, (unit, path)
            assert "∞" in answer.content.decode() or "by=day" in path, (unit, path)
