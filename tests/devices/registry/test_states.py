"""The state of a device is one word, the same in Python and in SQL."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from devices.access import Scope
from devices.models import Device, Site
from devices.registry import listing
from devices.registry.states import AsOf, since_of, state_case, state_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ingest_up", [True, False])
def test_python_and_sql_agree_on_every_combination(ingest_up: bool) -> None:
    now = timezone.now()
    as_of = AsOf(now, ingest_up, now)
    moments = [None, now - timedelta(hours=2), now - timedelta(seconds=5)]
    expected = [None, now - timedelta(seconds=1), now + timedelta(seconds=1)]
    for n, (status, since, seen, by) in enumerate(
        product(("", "online", "offline"), moments, moments, expected)
    ):
        Device.objects.create(
            key=f"d{n}", status=status, status_since=since, last_seen=seen, expected_by=by
        )
    found = set()
    for device in Device.objects.annotate(state=state_case(as_of)):
        assert device.state == state_of(device, as_of)  # type: ignore[attr-defined]
        found.add(state_of(device, as_of))
    assert found == {"online" if ingest_up else "unknown", "stale", "offline", "never"}


def test_silence_is_not_the_devices_while_nothing_comes_in() -> None:
    now = timezone.now()
    gone, long_ago = now - timedelta(hours=3), now - timedelta(hours=5)
    as_of = AsOf(now, ingest_up=False, until=gone)
    alive = Device(last_seen=gone, expected_by=gone + timedelta(minutes=5))
    assert (state_of(alive, as_of), since_of(alive, as_of)) == ("unknown", gone)
    stale = Device(last_seen=long_ago, expected_by=long_ago)
    assert (state_of(stale, as_of), since_of(stale, as_of)) == ("stale", long_ago)
    off = Device(status="offline", status_since=long_ago, last_seen=long_ago)
    assert (state_of(off, as_of), since_of(off, as_of)) == ("offline", long_ago)
    assert state_of(Device(), as_of) == "never"
    nobody_knows = AsOf(now, ingest_up=False)
    assert since_of(Device(last_seen=now, expected_by=now), nobody_knows) is None


def test_offline_ends_when_something_comes() -> None:
    now = timezone.now()
    device = Device(
        status="offline", status_since=now, last_seen=now + timedelta(seconds=1), expected_by=now
    )
    assert state_of(device, AsOf(now)) == "online"


def test_a_status_that_the_broker_kept_is_believed_until_something_comes() -> None:
    now = timezone.now()
    kept = Device(status="online", status_since=now)
    assert (state_of(kept, AsOf(now)), since_of(kept, AsOf(now))) == ("online", now)
    assert state_of(kept, AsOf(now, ingest_up=False)) == "unknown"
    heard = Device(status="online", status_since=now, last_seen=now, expected_by=now)
    assert state_of(heard, AsOf(now + timedelta(seconds=1))) == "stale"


def test_since() -> None:
    now = timezone.now()
    then = now - timedelta(hours=1)
    assert since_of(Device(status="offline", status_since=then), AsOf(now)) == then
    assert since_of(Device(last_seen=then, expected_by=then), AsOf(now)) == then
    assert since_of(Device(last_seen=now, expected_by=now), AsOf(now)) is None
    assert since_of(Device(), AsOf(now)) is None


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
    listed = listing.worst_first(
        listing.Filters().apply(Device.objects.all(), AsOf(now)), AsOf(now)
    )
    assert [device.key for device in listed] == ["gone", "late", "mute", "fine"]
    counts = listing.fleet(AsOf(now))
    everything = listing.fleet_of(Scope(everything=True), counts)
    assert everything["plant"] == {
        "online": 1,
        "stale": 0,
        "unknown": 0,
        "offline": 1,
        "never": 0,
        "pending": 1,
    }
    assert listing.total(everything)["never"] == 1
    viewer = listing.fleet_of(Scope(sites=frozenset({site.pk})), counts)
    assert set(viewer) == {"plant"}
    assert viewer["plant"]["pending"] == 0
