"""A Source that cannot be used is told, and stops nothing but itself."""

from datetime import UTC

import pytest
from django.core.exceptions import ValidationError

from devices.datetime_texts import zone_of
from devices.models import Device, Identity, Source
from devices.monitoring import conditions
from mqtt_ingest import conf

pytestmark = pytest.mark.usefixtures("tables")


def broken() -> list[str]:
    found = conditions.current([])
    return [condition.detail for condition in found if condition.code == "source_broken"]


def test_a_good_source_is_no_condition() -> None:
    Source.objects.create(name="halls", filters=["hall/+/#", "#", "+/a"])
    assert broken() == []


def test_an_unknown_convention_leaves_the_other_sources_as_they_are() -> None:
    Source.objects.create(name="odd", convention="nonsense", filters=["odd/#"])
    assert [route.source for route in conf.routes()] == ["native"]
    assert "odd/#" not in conf.filters().spread
    (told,) = broken()
    assert told.startswith("odd: There is no convention 'nonsense'; there are ahoydtu, ")
    assert ", native, " in told


@pytest.mark.parametrize(
    "bad", ["a/b#", "a/#/b", "a+/b", "", "nul\0", "\ud800", "a" * 65_536, 7, None, "$share/g/a"]
)
def test_a_filter_that_mqtt_forbids_leaves_the_others(bad: object) -> None:
    # SQLite keeps what PostgreSQL's jsonb refuses: so neither is asked for it.
    source = Source(name="odd", filters=["good/#", bad])
    with pytest.raises(ValidationError) as refused:
        source.clean()
    assert "is no topic filter" in refused.value.message_dict["filters"][0]


def test_filters_in_the_database_that_mqtt_forbids_are_left_out() -> None:
    Source.objects.create(name="odd", filters=["good/#", "a/b#"])
    Source.objects.create(name="odder", filters={"a": 1})
    own = [name for name in conf.filters().spread if not name.startswith("devices/")]
    assert own == ["good/#"]
    assert [detail.partition(":")[0] for detail in broken()] == ["odd", "odder"]


def test_a_disabled_source_is_not_told() -> None:
    Source.objects.create(name="odd", convention="nonsense", enabled=False)
    assert broken() == []


def test_a_source_reads_times_in_its_zone_and_in_those_of_its_devices() -> None:
    Source.objects.update(zone="Europe/Berlin")
    device = Device.objects.create(key="a", zone="Asia/Tokyo")
    Identity.objects.create(source=Source.objects.get(), native_id="Ä", device=device)
    (route,) = conf.routes()
    assert route.limits.zone == zone_of("Europe/Berlin")
    assert route.limits.zones == {"Ä": zone_of("Asia/Tokyo")}


def test_a_zone_that_is_none_is_told_and_read_as_utc() -> None:
    Source.objects.update(zone="Berlin")
    assert conf.routes()[0].limits.zone == UTC
    assert "'Berlin' is no time zone" in broken()[0]


def test_a_source_that_spreads_equal_times_belongs_to_one_slot() -> None:
    Source.objects.update(spread_equal=True)
    assert conf.routes()[0].limits.spread_equal
    assert conf.filters().spread == []
    assert "devices/+/telemetry/#" in conf.filters().ordered
