"""What `window` runs for each database: fills it, rolls it up, and reads spans of it."""

import json
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 - needs the settings

from devices import queries  # noqa: E402
from devices.models import Device, Series  # noqa: E402
from devices.queries import (  # noqa: E402
    SECOND,
    SeriesInfo,
    bulk,
)
from devices.rollups.roller import Roller  # noqa: E402
from tests.bench.support.bulk_fill import fill  # noqa: E402

SERIES = int(os.environ.get("BENCH_SERIES", "4"))
LATEST = 5_000
YEAR, EVERY = 365 * 86_400 * SECOND, 10 * SECOND
SPANS = {"1h": 3_600, "1d": 86_400, "30d": 30 * 86_400, "1y": 365 * 86_400}
POINTS, ROUNDS = 1_200, 40


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def timed(work: Callable[[], Any], rounds: int) -> list[float]:
    """Return the milliseconds of each round, sorted; the first one apart is the caller's."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1e3)
    return sorted(found)


def read(info: SeriesInfo, seconds: int, now: int) -> int:
    with queries.read_snapshot():
        start = now - seconds * SECOND
        width = bulk.bin_width([info], start, now, POINTS)
        return len(queries.window(info, start, now, POINTS, width).ts)


def main() -> None:
    device = Device.objects.create(key="bench")
    series = [Series.objects.create(device=device, metric=f"m{n}").pk for n in range(SERIES)]
    now = time.time_ns() // 1_000
    fill(series, now, YEAR // EVERY)
    readings = SERIES * YEAR // EVERY
    roller, started = Roller("bench"), time.perf_counter()
    while roller.step():
        pass
    seconds = time.perf_counter() - started
    tell(what="roll up", readings=readings, readings_per_s=round(readings / seconds))
    infos = queries.series_of([device.pk])
    for name, span in SPANS.items():
        cold = timed(partial(read, infos[-1], span, now), 1)[0]
        warm = timed(partial(read, infos[0], span, now), ROUNDS)
        tell(
            what=name,
            points=read(infos[0], span, now),
            first_ms=round(cold, 1),
            p95_ms=round(warm[int(ROUNDS * 0.95)], 1),
            median_ms=round(statistics.median(warm), 1),
            readings=readings,
        )
    width = queries.width_for(YEAR, POINTS)
    raw = timed(lambda: queries.bins(infos[0], now - YEAR, now, width, queries.Exact()), 3)[1]
    rolled = timed(lambda: queries.bins(infos[0], now - YEAR, now, width), 9)[4]
    tell(what="1y by SQL", ms=round(raw), times_slower=round(raw / rolled))
    newest(device)


def newest(device: Device) -> None:
    Series.objects.bulk_create(Series(device=device, metric=f"latest{n}") for n in range(LATEST))
    infos = [info for info in queries.series_of([device.pk]) if info.metric.startswith("latest")]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO devices_latest (series_id, ts, value) "
            "SELECT id, 1, 1.0 FROM devices_series WHERE metric LIKE 'latest%%'"
        )
    warm = timed(lambda: queries.latest(infos), ROUNDS)
    tell(what="latest", series=len(infos), p95_ms=round(warm[int(ROUNDS * 0.95)], 1))


main()
