"""Reads of readings on the configured database: exact rows, aligned bins, snapshots.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import json
import random
import time

import pytest

from devices import queries, registry
from devices.access import ALL
from devices.models import Device, Latest, Purge, Reading, Writer
from devices.queries import BIN_WIDTHS, SECOND, SeriesInfo, bulk, readings
from devices.registry import purge
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
START = ARRIVAL - 3_600 * SECOND


@pytest.fixture(autouse=True)
def _accept(settings) -> None:
    settings.MQTT_REGISTRATION = "accept"


@pytest.fixture
def writer() -> SlotWriter:
    return make_writer()


def put(
    writer: SlotWriter,
    points: list[tuple[int, object]],
    device: str = "a",
    received_at: int = ARRIVAL,
) -> None:
    """Store points (ts in µs, value) of metric `t`."""
    entries = [
        make_entry(
            json.dumps({"ts": ts / 1e6, "t": value}),
            f"devices/{device}/telemetry",
            received_at=received_at,
        )
        for ts, value in points
    ]
    writer.store(make_batch(*entries))


def info() -> SeriesInfo:
    return queries.series_of([Device.objects.get(key="a").pk])[0]


def test_a_window_is_exactly_the_rows_where_they_fit(writer: SlotWriter) -> None:
    points = [(START + n * SECOND, float(n)) for n in range(50)]
    put(writer, points)
    a = info()
    assert bulk.bin_width([a], START, START + 49 * SECOND, 50) == 0
    window = queries.window(a, START + 10 * SECOND, START + 20 * SECOND, 50, 0)
    assert list(zip(window.ts, window.value, strict=True)) == points[10:21]


def test_bins_are_aligned_and_keep_extremes(writer: SlotWriter) -> None:
    rng = random.Random(3)
    points = [(START + n * SECOND + rng.randrange(SECOND), rng.uniform(-5, 5)) for n in range(600)]
    put(writer, points)
    a = info()
    width = bulk.bin_width([a], START, START + 600 * SECOND, 60)
    assert width == 15 * SECOND
    found = queries.bins(a, START, START + 600 * SECOND, width)
    by_bin: dict[int, list[tuple[int, float]]] = {}
    for ts, value in points:
        by_bin.setdefault(ts // width * width, []).append((ts, value))
    assert [one[:5] for one in found] == [
        (start, max(inside)[1], min(v for _, v in inside), max(v for _, v in inside), len(inside))
        for start, inside in sorted(by_bin.items())
    ]
    assert [mean for *_bin, mean in found] == [
        pytest.approx(sum(v for _, v in inside) / len(inside), rel=1e-9)
        for _start, inside in sorted(by_bin.items())
    ]


def test_a_span_never_has_more_bins_than_points() -> None:
    for span in (3_600, 86_400, 2_592_000, 31_536_000):
        for points in (2, 50, 600):
            width = queries.width_for(span * SECOND, points)
            assert width in BIN_WIDTHS
            assert span * SECOND // width + 2 <= max(points, 2) or width == BIN_WIDTHS[-1]


@pytest.mark.slow
def test_latest_of_many_series(writer: SlotWriter) -> None:
    for n in range(600):
        put(writer, [(START, n)], f"d{n}")
    infos = queries.series_of(list(Device.objects.values_list("pk", flat=True)))
    newest = queries.latest(infos)
    assert len(newest) == 600
    assert all(newest[i.pk] == (START, float(i.device_key[1:])) for i in infos)


def test_keys_name_series_and_nothing_unknown(writer: SlotWriter) -> None:
    put(writer, [(START, 1)])
    Device.objects.create(key="empty")
    found = queries.find_series(ALL, ["a/t", "a/*", "a/x", "b/t", "empty/*", "a"])
    assert {key: len(infos) for key, infos in found.items()} == {"a/t": 1, "a/*": 1, "empty/*": 0}


def test_values_are_shown_as_their_kind(writer: SlotWriter) -> None:
    assert queries.shown(1.0, None, "boolean") is True
    assert queries.shown(None, "open", "text") == "open"
    assert queries.shown(2.5, None, "number") == 2.5


def test_a_snapshot_goes_with_its_cursor(writer: SlotWriter) -> None:
    put(writer, [(START, 1)])
    with queries.read_snapshot() as cursor:
        assert cursor == {"ingest-0": writer_seq()}
        assert queries.newest_rows(info(), 5) == [(START, 1.0)]


def writer_seq() -> int:
    return queries.read_cursor()["ingest-0"]


def test_deleted_devices_are_purged_in_steps(writer: SlotWriter) -> None:
    put(writer, [(START + n, n) for n in range(25)])
    registry.delete(Device.objects.filter(key="a"))
    assert Purge.objects.count() == 1
    assert [purge.purge_step(10) for _ in range(4)] == [10, 10, 5, 0]
    assert Reading.objects.count() == Latest.objects.count() == Purge.objects.count() == 0


def test_the_newest_is_never_later_than_now(writer: SlotWriter) -> None:
    now = time.time_ns() // 1_000
    put(writer, [(now - 2 * SECOND, 1.0), (now + 1_800 * SECOND, 2.0)], received_at=now)
    a = info()
    assert queries.latest([a])[a.pk][1] == 1.0
    Writer.objects.update(clocks_ahead=3_600 * SECOND)
    assert queries.latest([a])[a.pk][1] == 2.0


def test_a_series_with_nothing_but_the_future_has_no_newest(writer: SlotWriter) -> None:
    now = time.time_ns() // 1_000
    put(writer, [(now + 1_800 * SECOND, 2.0)], received_at=now)
    assert queries.latest([info()]) == {}


def test_the_readings_of_a_series_that_is_deleted_by_itself_go_too(writer: SlotWriter) -> None:
    put(writer, [(START + n, float(n)) for n in range(5)])
    Device.objects.get(key="a").series.get().delete()
    while purge.purge_step(100):
        pass
    assert not Reading.objects.exists()
    assert not Latest.objects.exists()


def test_the_newest_of_old_and_of_recent_rows_are_the_same_as_ever(writer: SlotWriter) -> None:
    """Rows of the last weeks are looked at first, older ones only where those are too few."""
    now = time.time_ns() // 1_000
    ages = [1, 3 * queries.SECOND, readings.NEAR_US + 5, 3 * readings.NEAR_US]
    for age in ages:
        ts = (now - age) / 1_000
        writer.store(make_batch(make_entry(json.dumps({"ts": ts, "t": age}), received_at=now)))
    (info,) = queries.series_of([Device.objects.get().pk])
    for limit in (1, 2, 3, 4, 9):
        assert [value for _ts, value in queries.newest_rows(info, limit)] == ages[:limit]
