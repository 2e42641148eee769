"""What people change is told to workers, as far as they need to know it, and no further."""

from typing import Any

import pytest

from devices import registry
from devices.models import Change, Device, Identity, RegistryEdit, Series, Site, Source, Writer
from devices.registry import edit_log

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def device() -> Device:
    Writer.objects.get_or_create(name="ingest-0")
    made = Device.objects.create(key="a")
    RegistryEdit.objects.all().delete()
    return made


def told() -> list[tuple[list[int], bool, bool]]:
    """Return what was told, and forget it."""
    rows = RegistryEdit.objects.order_by("pk")
    found = [(row.devices, row.refused, row.everything) for row in rows]
    rows.delete()
    return found


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "x"), ("location", "hall"), ("latitude", 3.5), ("device_type", "press")],
)
def test_what_ingest_does_not_need_changes_nothing(device: Device, field: str, value: Any) -> None:
    before = Writer.objects.get(name="ingest-0").registry
    setattr(device, field, value)
    device.save()
    assert told() == []
    assert Writer.objects.get(name="ingest-0").registry == before
    # Nor need web processes look again who may see what.
    assert not Change.objects.filter(writer="rights").exists()


def test_a_new_site_concerns_no_worker(device: Device) -> None:
    device.site = Site.objects.create(slug="s", name="S")
    device.save()
    assert told() == []


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [("stale_after_s", 60, False), ("zone", "UTC", False), ("enabled", False, True)],
)
def test_what_it_needs_is_told_of_that_device(
    device: Device, field: str, value: Any, *, refused: bool
) -> None:
    before = Writer.objects.get(name="ingest-0").registry
    setattr(device, field, value)
    device.save()
    assert told() == [([device.pk], refused, False)]
    assert Writer.objects.get(name="ingest-0").registry == before + 1


def test_series_are_told_by_their_device(device: Device) -> None:
    series = Series.objects.create(device=device, metric="t")
    told()
    series.unit = "°C"
    series.save()
    assert told() == []
    series.kind = "text"
    series.save()
    assert told() == [([device.pk], False, False)]
    series.delete()
    assert told() == [([device.pk], True, False)]


def test_a_device_that_goes_is_told_with_all_that_goes_with_it(device: Device) -> None:
    Series.objects.create(device=device, metric="t")
    told()
    registry.delete([device])
    assert ([device.pk], True, False) in told()


def test_new_names_and_sources(device: Device) -> None:
    source = Source.objects.create(name="s")
    assert told() == [([], False, True)]
    identity = Identity.objects.create(source=source, native_id="n", device=device)
    assert told() == [([], True, False)]
    identity.native_id = "m"
    identity.save()
    assert told() == [([], True, True)]


def test_of_many_devices_at_once_everything_is_read_anew(device: Device) -> None:
    many = Device.objects.bulk_create(Device(key=f"d{n}") for n in range(edit_log.MANY))
    registry.accept([device, *many])
    assert told() == [([], True, True)]


def test_the_log_is_bounded(monkeypatch: pytest.MonkeyPatch, device: Device) -> None:
    monkeypatch.setattr(edit_log, "KEPT", 5)
    for _turn in range(12):
        edit_log.record([device.pk])
    assert RegistryEdit.objects.count() <= 6
