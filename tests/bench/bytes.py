"""`bytes`: what a reading takes in tables and indexes, and on its way to the disk.

The recordings of ../shared/data where they are, else one of our own making; each is
stored as packets, in batches of 100, and rolled up.
"""

from typing import Any

from tests.bench.support.measure import lines_of
from tests.support.stack import whole_plant

MODULE = "tests.bench.runs.bytes_stored"


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        server = str(plant.database.pid)
        lines = [{"database": "postgresql", **line} for line in lines_of(plant, MODULE, server)]
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return lines + [{"database": "sqlite", **line} for line in lines_of(plant, MODULE, "")]
