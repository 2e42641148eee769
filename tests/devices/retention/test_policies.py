"""Which policy holds for a series, and what that means in days."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from devices.models import Device, RetentionPolicy, Series, Site
from devices.retention.policies import BUILT_IN, DAY_US, Keep, Policies, cutoff

pytestmark = pytest.mark.django_db


def keep_of(series: Series) -> Keep:
    device = series.device
    return Policies().keep(series.pk, device.device_type, device.site_id)


@pytest.fixture
def series() -> Series:
    plant = Site.objects.create(slug="plant", name="Plant")
    hall = Site.objects.create(slug="hall", name="Hall", parent=plant)
    device = Device.objects.create(key="press", site=hall, device_type="press")
    return Series.objects.create(device=device, metric="t")


def test_without_policies_the_built_in_one_holds(series: Series) -> None:
    assert keep_of(series) == BUILT_IN
    assert BUILT_IN.raw
    assert BUILT_IN.built_in


def test_the_narrowest_policy_wins_field_by_field(series: Series) -> None:
    rest = {"raw_days": 100, "minutes_days": 50, "quarters_days": 200, "hours_days": 300}
    RetentionPolicy.objects.create(**rest, least_days=7)
    RetentionPolicy.objects.create(site=Site.objects.get(slug="plant"), raw_days=90, hours_days=0)
    assert keep_of(series) == Keep(90, 50, 200, 0, 7, built_in=False)
    RetentionPolicy.objects.create(device_type="press", raw_days=80)
    assert keep_of(series).raw == 80
    RetentionPolicy.objects.create(series=series, raw_days=70)
    assert keep_of(series) == Keep(70, 50, 200, 0, 7, built_in=False)


def test_the_nearest_site_counts(series: Series) -> None:
    RetentionPolicy.objects.create(site=Site.objects.get(slug="plant"), raw_days=90)
    RetentionPolicy.objects.create(site=Site.objects.get(slug="hall"), raw_days=60)
    assert keep_of(series).raw == 60


def test_sums_stay_as_long_as_what_needs_them(series: Series) -> None:
    RetentionPolicy.objects.create(series=series, raw_days=0)
    assert keep_of(series) == Keep(0, 90, 0, 0, 30, built_in=False)
    RetentionPolicy.objects.update(raw_days=10, minutes_days=20, quarters_days=5, least_days=30)
    assert keep_of(series) == Keep(10, 10, 10, 0, 10, built_in=False)


def test_a_ring_of_sites_ends() -> None:
    one = Site.objects.create(slug="one", name="One")
    two = Site.objects.create(slug="two", name="Two", parent=one)
    Site.objects.filter(pk=one.pk).update(parent=two)
    assert Policies().keep(0, "", one.pk) == BUILT_IN


def test_whole_days_are_kept() -> None:
    assert cutoff(10 * DAY_US + 5, 3) == 7 * DAY_US
    assert cutoff(10 * DAY_US + 5, 0) == 0
    assert cutoff(10 * DAY_US, 100) == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"device_type": "x", "raw_days": 10, "minutes_days": 11}, "minutes_days"),
        ({"device_type": "x", "raw_days": 10, "minutes_days": 0}, "minutes_days"),
        ({"device_type": "x", "raw_days": 0, "quarters_days": 10}, "quarters_days"),
        ({"device_type": "x", "quarters_days": 20, "hours_days": 10}, "hours_days"),
        ({"raw_days": 10}, "minutes_days"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RetentionPolicy(**given).clean()
    assert field in refused.value.message_dict


def test_a_policy_is_for_one_thing(series: Series) -> None:
    with pytest.raises(ValidationError, match="one of site, type and series"):
        RetentionPolicy(device_type="x", series=series, raw_days=1).clean()
