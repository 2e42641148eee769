"""`window` and `latest`: how long a span takes to read, on both databases.

Series sampled every 10 s for a year; BENCH_SERIES of them, 4 by default (12.6 million
readings). Beside the year from rollups, the same year as SQL would sum up its readings.
"""

import json
import subprocess
import sys
from typing import Any

from tests.support.plant import ROOT, Plant, whole_plant


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        lines = [{"database": "postgresql", **line} for line in _measure(plant)]
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return lines + [{"database": "sqlite", **line} for line in _measure(plant)]


def _measure(plant: Plant) -> list[dict[str, Any]]:
    """Measure in a process that is configured for the plant's database."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.window_reads"],
        env={**plant.env, "DJANGO_SETTINGS_MODULE": "iotbridge.settings"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
