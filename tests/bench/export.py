"""`export`: readings a second, and the memory of two sizes, on both databases."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.support.plant import ROOT, Plant, whole_plant

SMALL = int(os.environ.get("BENCH_READINGS", "400000"))


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        lines = [{"database": "postgresql", **line} for line in _measure(plant)]
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return lines + [{"database": "sqlite", **line} for line in _measure(plant)]


def _measure(plant: Plant) -> list[dict[str, Any]]:
    """Export in processes that are configured for the plant's database, one per size."""
    found = []
    for size in (SMALL, 4 * SMALL):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.export_runs", str(size)],
            env={**plant.env, "DJANGO_SETTINGS_MODULE": "iotbridge.settings"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        found += [json.loads(line) for line in done.stdout.splitlines()]
    return found
