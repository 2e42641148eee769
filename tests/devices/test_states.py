"""The state of a device is one word, the same in Python and in SQL."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from devices import overview
from devices.access import Scope
from devices.models import Device, Site
from devices.states import since_of, state_case, state_of

pytestmark = pytest.mark.django_db


def test_python_and_sql_agree_on_every_combination() -> None:
    now = timezone.now()
    moments = [None, now - timedelta(hours=2), now - timedelta(seconds=5)]
    expected = [None, now - timedelta(seconds=1), now + timedelta(seconds=1)]
    for n, (status, since, seen, by) in enumerate(
        product(("", "online", "offline"), moments, moments, expected)
    ):
        Device.objects.create(
            key=f"d{n}", status=status, status_since=since, last_seen=seen, expected_by=by
        )
    found = set()
    for device in Device.objects.annotate(state=state_case(now)):
        assert device.state == state_of(device, now)  # type: ignore[attr-defined]
        found.add(state_of(device, now))
    assert found == {"online", "stale", "offline", "never"}


def test_offline_ends_when_something_comes() -> None:
    now = timezone.now()
    device = Device(
        status="offline", status_since=now, last_seen=now + timedelta(seconds=1), expected_by=now
    )
    assert state_of(device, now) == "online"


def test_since() -> None:
    now = timezone.now()
    then = now - timedelta(hours=1)
    assert since_of(Device(status="offline", status_since=then), now) == then
    assert since_of(Device(last_seen=then, expected_by=then), now) == then
    assert since_of(Device(last_seen=now, expected_by=now), now) is None
    assert since_of(Device(), now) is None


def test_lists_are_worst_first_and_counted_per_site() -> None:
    now = timezone.now()
    site = Site.objects.create(slug="plant", name="Plant")
    late, soon = now - timedelta(hours=1), now + timedelta(hours=1)
    Device.objects.create(key="fine", site=site, last_seen=now, expected_by=soon)
    Device.objects.create(key="gone", site=site, status="offline", status_since=now)
    Device.objects.create(key="late", last_seen=late, expected_by=late)
    Device.objects.create(key="mute")
    Device.objects.create(key="new", site=site, pending=True)
    Device.objects.create(key="rejected", enabled=False)
    listed = overview.worst_first(overview.Filters().apply(Device.objects.all(), now), now)
    assert [device.key for device in listed] == ["gone", "late", "mute", "fine"]
    counts = overview.fleet(now)
    everything = overview.fleet_of(Scope(everything=True), counts)
    assert everything["plant"] == {"online": 1, "stale": 0, "offline": 1, "never": 0, "pending": 1}
    assert overview.total(everything)["never"] == 1
    viewer = overview.fleet_of(Scope(sites=frozenset({site.pk})), counts)
    assert set(viewer) == {"plant"}
    assert viewer["plant"]["pending"] == 0
