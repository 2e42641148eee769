"""`bytes`: what a reading takes in tables and indexes, and on its way to the disk.

The recordings of ../shared/data where they are, else one of our own making; each is
stored as packets, in batches of 100, and rolled up.
"""

import json
import subprocess
import sys
from typing import Any

from tests.support.plant import ROOT, Plant, whole_plant


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        server = str(plant.database.pid)
        lines = [{"database": "postgresql", **line} for line in _measure(plant, server)]
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return lines + [{"database": "sqlite", **line} for line in _measure(plant, "")]


def _measure(plant: Plant, server: str) -> list[dict[str, Any]]:
    """Measure in a process that is configured for the plant's database."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bytes_stored", server],
        env={**plant.env, "DJANGO_SETTINGS_MODULE": "iotbridge.settings"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
