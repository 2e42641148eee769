"""Units that nobody knows are listed until somebody has set them."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.access import ALL, Scope
from devices.models import Device, Series, Site
from devices.monitoring import unknown_units

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    unknown_units._found.cache_clear()


def told(scope: Scope = ALL) -> list[tuple[str, int]]:
    unknown_units._found.cache_clear()
    return [(one.unit, one.number) for one in unknown_units.unknown_units(scope)]


@pytest.fixture
def device() -> Device:
    site = Site.objects.create(slug="here", name="Here")
    made = Device.objects.create(key="press-3", site=site)
    for number, unit in enumerate(("°C", "", "furlong", "furlong", "blink")):
        # As descriptions do it: nobody's hand.
        series = Series.objects.create(device=made, metric=f"m{number}")
        Series.objects.filter(pk=series.pk).update(unit=unit, by_hand=[])
    return made


def test_unknown_units_are_counted_and_a_series_is_named(device: Device) -> None:
    assert told() == [("furlong", 2), ("blink", 1)]
    assert unknown_units.unknown_units(ALL)[0].key == "press-3/m2"


def test_what_somebody_has_set_is_meant(device: Device) -> None:
    series = Series.objects.get(metric="m4")
    series.unit = "wink"
    series.save()
    assert told() == [("furlong", 2)]


def test_only_what_one_may_see_is_told(device: Device) -> None:
    assert told(Scope()) == []
    assert told(Scope(sites=frozenset({device.site_id or 0}))) == [("furlong", 2), ("blink", 1)]


def test_status_lists_them(device: Device) -> None:
    boss = Client()
    boss.force_login(get_user_model().objects.create_superuser("boss"))
    page = boss.get("/status").content.decode()
    assert "furlong" in page
    assert 'href="/devices/press-3/">press-3/m2</a>' in page
