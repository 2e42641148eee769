"""`window` and `latest`: how long a span takes to read, on both databases.

Series sampled every 10 s for a year; BENCH_SERIES of them, 4 by default (12.6 million
readings). Beside the year from rollups, the same year as SQL would sum up its readings.
"""

from typing import Any

from tests.bench.support.measure import lines_of
from tests.support.stack import whole_plant


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        lines = [
            {"database": "postgresql", **line}
            for line in lines_of(plant, "tests.bench.runs.window_reads")
        ]
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return lines + [
            {"database": "sqlite", **line}
            for line in lines_of(plant, "tests.bench.runs.window_reads")
        ]
