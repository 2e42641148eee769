"""How devices were at a moment of the past."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devices.models import Device, Offline, Series
from devices.registry.past_states import past_states
from tests.support.database import insert_readings

pytestmark = pytest.mark.usefixtures("tables")
MINUTE = 60_000_000
T = 1_767_225_600_000_000  # 2026-01-01


@pytest.fixture
def press() -> Device:
    device = Device.objects.create(key="press")
    for metric, minutes in (("t", (0, 1, 20)), ("p", (10,))):
        series = Series.objects.create(device=device, metric=metric)
        insert_readings(series, [(T + n * MINUTE, n) for n in minutes])
    Offline.objects.create(device=device, since=T + 30 * MINUTE, until=T + 40 * MINUTE)
    Offline.objects.create(device=device, since=T + 60 * MINUTE)
    return device


@pytest.mark.parametrize(
    ("minute", "state", "since"),
    [
        (-1, "never", None),
        (0, "online", None),
        (4, "online", None),
        (7, "stale", 1),
        # Another series of it was read meanwhile.
        (12, "online", None),
        (19, "stale", 10),
        (31, "offline", 30),
        (40, "stale", 20),
        (90, "offline", 60),
    ],
)
def test_a_device_as_it_was(press: Device, minute: int, state: str, since: int | None) -> None:
    expected = None if since is None else (T + since * MINUTE) // 1_000
    found = past_states([press], T + minute * MINUTE, {}, 300)
    assert found == {"press": {"state": state, "since": expected}}


def test_what_was_heard_already_is_not_read_again(
    press: Device, django_assert_num_queries: object
) -> None:
    moment = T + 2 * MINUTE
    with django_assert_num_queries(1):  # type: ignore[operator] # the spans of being offline
        found = past_states([press], moment, {press.pk: T + MINUTE}, 300)
    assert found["press"]["state"] == "online"


def test_how_long_it_may_be_silent_is_its_own(press: Device) -> None:
    now = timezone.now()
    moment = T + 9 * MINUTE
    press.stale_after_s = 600
    assert past_states([press], moment, {}, 300)["press"]["state"] == "online"
    press.last_seen, press.expected_by = now, now + timedelta(seconds=30)
    assert past_states([press], moment, {}, 300)["press"]["state"] == "stale"
