"""How long a series is usually silent. `make test` runs this file on both databases."""

from typing import Any

import pytest

from devices import queries
from devices.models import Device
from devices.queries import cadence
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store
from tests.support.factories import ARRIVAL

pytestmark = pytest.mark.usefixtures("tables")
SECOND, HOUR = 1_000, 3_600_000
END = ARRIVAL // 1_000


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def expiry_s(values: dict[int, Any]) -> float | None:
    """Store values of one metric by their time (ms); return its expiry."""
    store(make_writer(), *(entry({"ts": ts, "t": value}) for ts, value in values.items()))
    info = queries.series_of([Device.objects.get().pk])[0]
    found = cadence.expiries([info]).get(info.pk)
    return None if found is None else found / 1e6


def test_an_hourly_series_is_stale_after_three_hours() -> None:
    assert expiry_s({END - n * HOUR: float(n) for n in range(12)}) == 10_800


def test_one_outage_does_not_count() -> None:
    times = [END - n * 60 * SECOND - (86_400 * SECOND if n > 4 else 0) for n in range(11)]
    assert expiry_s(dict.fromkeys(times, 1.5)) == 180


def test_a_fast_series_is_given_half_a_minute() -> None:
    assert expiry_s({END - n * SECOND: float(n) for n in range(400)}) == 30


@pytest.mark.parametrize(("hours", "expiry"), [(1, None), (2, None), (5, 3 * 3_595)])
def test_a_few_quick_readings_are_no_habit(hours: int, expiry: float | None) -> None:
    times = [END - n * SECOND - hour * HOUR for hour in range(hours) for n in range(6)]
    assert expiry_s(dict.fromkeys(times, 1.5)) == expiry


@pytest.mark.parametrize(
    "values",
    [
        {END - n * HOUR: n % 2 == 0 for n in range(9)},
        {END: 1.5, END - HOUR: 2.5},
        {END - n * HOUR: "idle" for n in range(9)},
    ],
)
def test_switches_texts_and_what_is_rarely_told_are_never_stale(values: dict[int, Any]) -> None:
    assert expiry_s(values) is None
