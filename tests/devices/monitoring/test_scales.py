"""How numbers are written, by what was measured lately."""

import time
from typing import Any

import pytest

from devices.models import Device, Kind, Series
from devices.monitoring import scales
from devices.monitoring.scales import Scales
from devices.number_text import decimals_for, decimals_of
from tests.support.database import insert_readings

pytestmark = pytest.mark.usefixtures("tables")
MINUTE_US = 60_000_000


def series(*values: float, unit: str = "°C", **more: Any) -> Series:
    device, _made = Device.objects.get_or_create(key="press")
    metric = f"m{Series.objects.count()}"
    made = Series.objects.create(device=device, metric=metric, unit=unit, **more)
    now = time.time_ns() // 1_000
    insert_readings(made, [(now - n * MINUTE_US, one) for n, one in enumerate(reversed(values))])
    return made


def looked_at(*made: Series) -> list[tuple[int | None, str]]:
    service = Scales("me")
    while service.step():
        pass
    service.release()
    for one in made:
        one.refresh_from_db()
    return [(one.places, one.scaled_unit) for one in made]


@pytest.mark.parametrize(
    ("values", "more"),
    [
        ([0.12345, -1.7e308, 1.7e308], {}),
        ([1.5e308], {"shown_unit": "°F"}),
        ([1.5e308, 20.5], {"shown_unit": "°F"}),
    ],
)
def test_values_at_the_end_of_what_a_double_holds_stop_nobody(
    values: list[float], more: dict[str, Any]
) -> None:
    series(*values, **more)
    after = series(17.1, 17, 16.95)
    assert looked_at(after) == [(2, "")]


@pytest.mark.parametrize(
    ("values", "unit", "places"),
    [
        ([17.1, 17, 16.95], "°C", 2),
        ([17, 18], "°C", 0),
        ([21.260000228881836, 21.5], "°C", 2),
        # Computed: as many as the spread tells apart, and as the unit is written.
        ([46.0399871, 23.60012, 62.3811111], "°C", 1),
        ([20.00011, 20.00013, 20.00012], "°C", 6),
        ([230.12345, 231.54321], "V", 2),
        ([1.23456789], "kWh", 3),
        ([0.0], "", 0),
        ([1e-9, 2e-9], "", 0),
    ],
)
def test_decimals_are_those_of_the_series(values: list[float], unit: str, places: int) -> None:
    assert looked_at(series(*values, unit=unit)) == [(places, "")]


@pytest.mark.parametrize(
    ("values", "unit", "before", "shown"),
    [
        ([5_600], "W", "", ""),
        ([12_345.6, 11_000], "W", "", "kW"),
        ([-25_000_000], "W", "", "MW"),
        ([25_000_000], "Wh", "", "MWh"),
        ([101_325], "Pa", "", "hPa"),
        # What is shown stays until it is clearly too large.
        ([8_000], "W", "kW", "kW"),
        ([4_000], "W", "kW", ""),
        ([2_000_000], "bit/s", "", "kbit/s"),
        ([50_000], "rpm", "", ""),
        ([1e300], "W", "", "MW"),
    ],
)
def test_large_numbers_have_a_prefix(
    values: list[float], unit: str, before: str, shown: str
) -> None:
    ((_places, found),) = looked_at(series(*values, unit=unit, scaled_unit=before))
    assert found == shown


def test_decimals_are_of_what_is_shown() -> None:
    assert looked_at(series(12_345.6, 14_000.2, unit="W")) == [(2, "kW")]
    assert looked_at(series(20.5, 21.25, unit="°C", shown_unit="°F")) == [(2, "")]


def test_all_series_are_looked_at_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scales, "PAGE", 2)
    made = [series(n + 0.5) for n in range(5)]
    text = series(kind=Kind.TEXT)
    empty = series()
    assert looked_at(*made, text, empty) == [(1, "")] * 5 + [(None, "")] * 2


def test_a_pass_is_followed_by_a_rest() -> None:
    service = Scales("me")
    made = series(1.5)
    assert service.step() is False
    insert_readings(made, [(time.time_ns() // 1_000, 1.25)])
    assert service.step() is False
    made.refresh_from_db()
    assert made.places == 1


@pytest.mark.parametrize(
    ("value", "places", "decimals"),
    [
        (17.0, 1, 1),
        (17.125, 1, 3),
        (46.0399871, 1, 1),
        (5.0, None, None),
        (1e-9, 2, None),
        (1e20, 2, None),
        (0.0, 2, 2),
        (float("inf"), 2, None),
    ],
)
def test_a_value_has_the_decimals_of_its_series(
    value: float, places: int | None, decimals: int | None
) -> None:
    # tests/dashboards/js/display/format.test.js has the same table.
    assert decimals_for(value, places) == decimals


def test_decimals_of_a_number() -> None:
    assert [decimals_of(one) for one in (1.0, 1.5, 0.1 + 0.2, 1e-9)] == [0, 1, 1, 0]
