"""A save writes what was changed, and leaves what others have written meanwhile."""

import pytest
from django.utils import timezone

from devices.models import Device, Source

pytestmark = pytest.mark.usefixtures("tables")


def test_two_people_change_different_things_of_one_device() -> None:
    Device.objects.create(key="a", name="old")
    managers, operators = Device.objects.get(), Device.objects.get()
    managers.enabled = False
    managers.save()
    Device.objects.update(last_seen=timezone.now())
    operators.name = "new"
    operators.save()
    device = Device.objects.get()
    assert (device.name, device.enabled) == ("new", False)
    assert device.last_seen is not None


def test_nothing_changed_writes_nothing(django_assert_num_queries: object) -> None:
    Device.objects.create(key="a", name="old")
    device = Device.objects.get()
    with django_assert_num_queries(0):  # type: ignore[operator]
        device.save()


def test_what_was_saved_is_not_written_again() -> None:
    device = Device.objects.create(key="a", name="old")
    device.name = "new"
    assert device.changed_fields() == {"name"}
    device.save()
    assert device.changed_fields() == set()
    device.name = "old"
    device.save()
    assert Device.objects.get().name == "old"


def test_a_list_that_was_changed_in_place_is_written() -> None:
    Source.objects.create(name="s", filters=["a/#"])
    source = Source.objects.get(name="s")
    source.filters.append("b/#")
    source.save()
    assert Source.objects.get(name="s").filters == ["a/#", "b/#"]


def test_what_was_not_read_is_left() -> None:
    Device.objects.create(key="a", name="old", location="hall")
    device = Device.objects.only("key", "name").get()
    Device.objects.update(location="yard")
    device.name = "new"
    device.save()
    assert Device.objects.values_list("name", "location").get() == ("new", "yard")
    fresh = Device.objects.only("key").get()
    fresh.location = "roof"
    fresh.save()
    assert Device.objects.values_list("name", "location").get() == ("new", "roof")


def test_a_copy_of_a_device_is_written_whole() -> None:
    Device.objects.create(key="a", name="one")
    device = Device.objects.get()
    device.pk, device._state.adding, device.key = None, True, "b"
    device.save()
    assert list(Device.objects.values_list("key", "name")) == [("a", "one"), ("b", "one")]
