"""`export`: readings a second, and the memory of two sizes, on both databases."""

import os
from typing import Any

from tests.bench.support.measure import lines_of
from tests.support.stack import Plant, whole_plant

SMALL = int(os.environ.get("BENCH_READINGS", "400000"))


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        lines = [{"database": "postgresql", **line} for line in _measure(plant)]
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return lines + [{"database": "sqlite", **line} for line in _measure(plant)]


def _measure(plant: Plant) -> list[dict[str, Any]]:
    sizes = (str(SMALL), str(4 * SMALL))
    return [line for size in sizes for line in lines_of(plant, "tests.bench.runs.exports", size)]
