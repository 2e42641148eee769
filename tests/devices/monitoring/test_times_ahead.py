"""What a clock that was ahead for a moment has left is set right, and told."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.background import leases
from devices.models import Device, Latest, Process, Reading, Writer
from devices.monitoring import conditions
from devices.monitoring.times_ahead import TimesAhead
from devices.registry.states import AsOf, state_of
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
SECOND = 1_000_000
YEAR = 365 * 86_400 * SECOND


@pytest.fixture(autouse=True)
def _accepted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MQTT_REGISTRATION = "accept"
    monkeypatch.setattr(leases, "found_ahead", {})


def now_us() -> int:
    return time.time_ns() // 1_000


def store(value: float, at: int, device: str = "press-3") -> None:
    """Take a packet in that arrives `at`, by a clock that says so."""
    writer = make_writer()
    topic = f"devices/{device}/telemetry"
    writer.store(make_batch(make_entry(json.dumps({"t": value}), topic, received_at=at)))
    writer.flush_now()


def mend() -> str:
    service = TimesAhead("me")
    while service.step():
        pass
    told: str = service.status()["ahead"]
    return told


def newest() -> list[float]:
    return list(Latest.objects.order_by("pk").values_list("value", flat=True))


def test_the_newest_value_is_the_last_that_is_not_ahead() -> None:
    store(1, now_us() - 60 * SECOND)
    store(2, now_us() + YEAR)
    assert newest() == [2]
    assert "1 device and the newest values of 1 series had times up to" in mend()
    assert newest() == [1]
    store(3, now_us())
    assert newest() == [3]
    assert Reading.objects.count() == 3


def test_a_series_of_nothing_but_the_future_has_no_newest_value() -> None:
    store(2, now_us() + YEAR)
    mend()
    assert newest() == []
    store(3, now_us())
    assert newest() == [3]


def test_a_device_is_not_online_for_a_year() -> None:
    store(1, now_us() + YEAR)
    later = AsOf(timezone.now() + timedelta(days=30))
    assert state_of(Device.objects.get(), later) == "online"
    mend()
    device = Device.objects.get()
    assert state_of(device, later) == "stale"
    assert state_of(device, AsOf(timezone.now())) == "online"
    seen = device.last_seen
    store(2, now_us() + SECOND)
    assert Device.objects.get().last_seen > seen


def test_an_hour_ahead_is_nobody_s_mistake() -> None:
    store(1, now_us() + 3_500 * SECOND)
    assert mend() == ""
    assert newest() == [1]


def test_devices_that_agree_are_right() -> None:
    store(1, now_us() + YEAR)
    Writer.objects.filter(name="ingest-0").update(clocks_ahead=YEAR)
    assert mend() == ""


def test_it_is_told_for_a_day_by_whoever_has_the_lease() -> None:
    store(1, now_us() + YEAR)
    leases.found_ahead["ingest-0"] = timezone.now() + timedelta(days=3_652), time.monotonic()
    told = mend()
    assert told.startswith("the lease of ingest-0 went on until 20")
    leases.release("clocks", "me")
    leases.found_ahead.clear()
    other = TimesAhead("other")
    assert not other.step()
    told = other.status()["ahead"]
    assert "1 device" in told
    worker = Process(id="w", kind="ingest", state="up", info={"services": {}, "slots": {}})
    worker.info["services"]["clocks"] = {"failing": "", "ahead": told}
    found = list(conditions.of_worker(worker))
    assert [(one.code, one.detail) for one in found] == [("times_ahead", f"w: {told}")]
