"""What a device's times say about its clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.models import Device, DeviceCounts, Identity, Source, Writer
from devices.registry.device_clocks import note_of

pytestmark = pytest.mark.usefixtures("tables")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def device_of(difference: timedelta, *, local: bool = True, zone: str = "") -> Device:
    device = Device.objects.create(key="a", zone=zone)
    DeviceCounts.objects.create(
        device=device,
        clock_difference_ms=difference // timedelta(milliseconds=1),
        local_time=int(local),
    )
    return device


@pytest.mark.parametrize(
    ("difference", "zone", "proposed"),
    [
        (HOUR, "", "UTC+01:00"),
        (HOUR + timedelta(seconds=90), "", "UTC+01:00"),
        (-5 * HOUR, "", "UTC-05:00"),
        (5.75 * HOUR, "", "UTC+05:45"),
        (HOUR, "Europe/Berlin", "UTC+02:00"),
        (-HOUR, "Europe/Berlin", "UTC"),
    ],
)
def test_a_zone_that_explains_the_difference_is_proposed(
    difference: timedelta, zone: str, proposed: str
) -> None:
    note = note_of(device_of(difference, zone=zone), NOW)
    assert note is not None
    assert note.zone == proposed


@pytest.mark.parametrize("difference", [7 * timedelta(minutes=1), 15 * HOUR, 60 * 24 * HOUR])
def test_a_clock_that_is_ahead_is_told_where_no_zone_explains_it(difference: timedelta) -> None:
    note = note_of(device_of(difference), NOW)
    assert note is not None
    assert (note.zone, note.is_ahead) == ("", True)


def test_what_names_its_zone_gets_no_other() -> None:
    note = note_of(device_of(HOUR, local=False), NOW)
    assert note is not None
    assert (note.zone, note.words) == ("", "1:00:00")


@pytest.mark.parametrize(
    "difference", [timedelta(seconds=2), -timedelta(seconds=2), -7 * 24.1 * HOUR]
)
def test_small_differences_and_backlogs_are_nothing(difference: timedelta) -> None:
    assert note_of(device_of(difference), NOW) is None


def test_the_zone_of_its_source_counts() -> None:
    device = device_of(HOUR)
    source, _made = Source.objects.get_or_create(name="native")
    Source.objects.update(zone="Europe/Berlin")
    Identity.objects.create(source=source, native_id="a", device=device)
    note = note_of(device, NOW)
    assert note is not None
    assert note.zone == "UTC+02:00"


def test_a_device_that_agrees_with_the_others_is_not_said_to_be_ahead(settings: Any) -> None:
    device = device_of(60 * 24 * HOUR, local=False)
    assert note_of(device, NOW)
    settings.MQTT_SLOTS = 1
    ahead = 60 * 24 * HOUR // timedelta(microseconds=1)
    Writer.objects.update_or_create(name="ingest-0", defaults={"clocks_ahead": ahead})
    assert note_of(device, NOW) is None
