"""What happened within buckets, from readings and from rollups alike.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import json
import math
from typing import Any

import pytest

from devices import queries
from devices.models import Device
from devices.queries import SECOND
from devices.queries.aggregates import Aggregate, aggregates
from devices.rollups.levels import fold_of, record
from devices.rollups.partial_aggregate import fold
from devices.rollups.roller import Roller
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
HOUR = 3_600 * SECOND
START = ARRIVAL // HOUR * HOUR - 6 * HOUR


@pytest.fixture(params=["readings", "rollups"])
def rolled(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "rollups")


def put(points: list[tuple[float, Any]], rolled: bool) -> None:
    """Store (minutes after START, value) of one metric; sum them up where `rolled`."""
    entries = [
        make_entry(
            json.dumps({"ts": (START + round(minutes * 60) * SECOND) / 1e3, "m": value}),
            "devices/a/telemetry",
        )
        for minutes, value in points
    ]
    make_writer().store(make_batch(*entries))
    if rolled:
        roller = Roller("test", lambda: START + 48 * HOUR)
        while roller.step():
            pass


def read(hours: int, now: int = START + 48 * HOUR) -> list[Aggregate]:
    info = queries.series_of([Device.objects.get(key="a").pk])[0]
    edges = [START + n * HOUR for n in range(hours + 1)]
    with queries.read_snapshot():
        return aggregates(info, edges, now)


def test_numbers(rolled: bool) -> None:
    put([(0, 1), (30, 5), (59, 3), (130, 7)], rolled)
    found = read(3)
    assert [(a.count, a.low, a.high, a.mean, a.first, a.last) for a in found] == [
        (3, 1, 5, 3, 1, 3),
        (0, None, None, None, None, None),
        (1, 7, 7, 7, 7, 7),
    ]


def test_a_counter_grows_across_buckets_and_resets(rolled: bool) -> None:
    put([(0, 10), (30, 15), (70, 18), (90, 2), (100, 4), (190, 5)], rolled)
    assert [a.increase for a in read(4)] == [5, 3 + 2 + 2, None, 1]


def test_states_hold_until_the_next_reading(rolled: bool) -> None:
    put([(30, True), (50, False), (80, True)], rolled)
    assert [a.seconds for a in read(3)] == [
        {"true": 20 * 60, "false": 10 * 60},
        {"true": 40 * 60, "false": 20 * 60},
        {"true": 3_600, "false": 0},
    ]


def test_no_state_holds_longer_than_until_now(rolled: bool) -> None:
    put([(0, "run"), (40, "idle")], rolled)
    found = read(3, now=START + 90 * 60 * SECOND)
    assert [a.seconds for a in found] == [
        {"run": 40 * 60, "idle": 20 * 60},
        {"idle": 30 * 60},
        {},
    ]


def test_the_state_before_the_span_counts(rolled: bool) -> None:
    put([(-200, "run"), (30, "idle")], rolled)
    assert read(1)[0].seconds == {"run": 30 * 60, "idle": 30 * 60}


def test_clocks_that_were_not_set_to_minutes(rolled: bool) -> None:
    put([(0, 1), (10, 2), (20, 4)], rolled)
    info = queries.series_of([Device.objects.get(key="a").pk])[0]
    edges = [START, START + 601 * SECOND, START + 1_300 * SECOND]
    found = aggregates(info, edges, START + HOUR)
    assert [(a.count, a.increase) for a in found] == [(2, 1), (1, 2)]


def test_sums_of_the_largest_numbers_stay_numbers(rolled: bool) -> None:
    most = 1.7e308
    put([(0, most), (0.2, most), (0.4, -most), (0.6, most), (30, 1)], rolled)
    found = read(1)[0]
    assert (found.count, found.low, found.high, found.last) == (5, -most, most, 1)
    assert found.mean is not None
    assert found.increase is not None
    assert math.isfinite(found.mean)
    assert math.isfinite(found.increase)


@pytest.mark.parametrize("step", [0.5, 7, 25])  # within a minute, a quarter, across hours
def test_a_counter_grows_across_texts(rolled: bool, step: float) -> None:
    values = [100, "error", 110, "busy", "error", 120]
    put([(n * step, value) for n, value in enumerate(values)], rolled)
    assert sum(a.increase or 0 for a in read(4)) == 20


@pytest.mark.parametrize("step", [0.1, 2, 20])
def test_a_small_dip_is_no_reset(rolled: bool, step: float) -> None:
    values = [215.6, 215.6, 215.7, 215.6, 215.6, 215.7, 215.8]
    put([(n * step, value) for n, value in enumerate(values)], rolled)
    assert sum(a.increase or 0 for a in read(4)) == pytest.approx(0.2)


@pytest.mark.parametrize("low", [0, 3, 80])
def test_a_reset_counts_from_zero(rolled: bool, low: float) -> None:
    put([(0, 90), (20, 100), (40, low), (80, low + 5)], rolled)
    assert sum(a.increase or 0 for a in read(3)) == 10 + low + 5


def test_a_text_before_the_window_does_not_hide_the_number_before_it(rolled: bool) -> None:
    put([(0, 100), (30, "error"), (70, 110)], rolled)
    info = queries.series_of([Device.objects.get(key="a").pk])[0]
    with queries.read_snapshot():
        (found,) = aggregates(info, [START + HOUR, START + 2 * HOUR], START + 48 * HOUR)
    assert found.increase == 10


def test_rollups_are_read_by_an_earlier_release_and_theirs_by_us() -> None:
    made = fold([(0, 1.0, None), (1, None, "x"), (2, 3.0, None), (3, None, "y")])
    row = list(record(1, 0, made)[2:13])
    assert fold_of(row) == made
    texts, first, last, held = json.loads(row[-1])
    assert all(isinstance(micros, int | float) for micros in held.values())
    row[-1] = json.dumps([texts, first, last, {"x": 1}])
    assert fold_of(row).last_number is None
