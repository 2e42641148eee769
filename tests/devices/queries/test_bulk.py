"""Reads of many series at once say what reads of each say."""

import json
import random
from typing import Any

import pytest

from devices import corrections, queries
from devices.models import Device
from devices.queries import SECOND, SeriesInfo, bulk
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
START = ARRIVAL - 7_200 * SECOND


@pytest.fixture
def infos(settings: Any) -> dict[int, SeriesInfo]:
    """Numbers, booleans and texts of two devices, some late; of one something is marked."""
    settings.MQTT_REGISTRATION = "accept"
    writer, rng = make_writer(), random.Random(5)
    moments = rng.sample(range(7_000), 300)
    for device in ("a", "b"):
        entries = [
            make_entry(
                json.dumps(
                    {"ts": START // SECOND + at, "t": at * 0.5, "on": at % 7 > 3, "say": f"{at}"}
                ),
                f"devices/{device}/telemetry",
            )
            for at in moments
        ]
        writer.store(make_batch(*entries))
    found = {info.pk: info for info in queries.series_in(Device.objects.all())}
    marked = next(info for info in found.values() if info.key == "a/t")
    corrections.correct(marked.pk, START, START + 900 * SECOND, "bad", "wrong", None)
    return found


def spans_of(infos: dict[int, SeriesInfo], seed: int) -> dict[int, tuple[int, int]]:
    rng = random.Random(seed)
    return {
        pk: (START + low * SECOND, START + (low + rng.randrange(3_000)) * SECOND)
        for pk in infos
        for low in [rng.randrange(6_000)]
    }


@pytest.mark.parametrize("seed", range(5))
def test_rows_and_bins_are_those_of_each_series(infos: dict[int, SeriesInfo], seed: int) -> None:
    spans = spans_of(infos, seed)
    for limit in (3, 1_000):
        single = {pk: queries.rows(infos[pk], *span, limit) for pk, span in spans.items()}
        assert bulk.rows(infos, spans, limit) == single
    for width in (SECOND, 60 * SECOND, 3_600 * SECOND):
        single_bins = {pk: queries.bins(infos[pk], *span, width) for pk, span in spans.items()}
        assert bulk.bins(infos, spans, width) == single_bins


def test_the_most_rows_are_those_of_the_longest_series(infos: dict[int, SeriesInfo]) -> None:
    everything = list(infos.values())
    end = START + 7_200 * SECOND
    assert bulk.most_rows(everything, START, end, 1_000) == 300
    assert bulk.most_rows(everything, START, end, 100) == 100
    marked = [info for info in everything if info.key == "a/t"]
    assert bulk.most_rows(marked, START, end, 1_000) < 300
    assert bulk.most_rows([], START, end, 1_000) == 0
    assert bulk.rows(infos, {}, 5) == {}
    assert bulk.bins(infos, {}, SECOND) == {}
