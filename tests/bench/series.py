"""`series`: the rate with 100,000 series beside that with 500, and what a series costs."""

import os
import time
from typing import Any

from tests.bench.ingest import committed, drain
from tests.bench.support.fast_publisher import Load
from tests.bench.support.measure import rss
from tests.support.services import wait_until
from tests.support.stack import whole_plant

PACKETS = int(os.environ.get("BENCH_PACKETS", "200000")) // 2
FEW, MANY, METRICS = 125, 25_000, 4


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        worker = plant.worker()
        few = drain(plant, PACKETS, FEW, METRICS)
        before = rss(worker.pid)
        done = committed(plant)
        Load(plant.broker.port, MANY, MANY, METRICS).wait()
        wait_until(lambda: committed(plant) - done >= MANY, "every device to be registered", 300)
        time.sleep(3)
        many = drain(plant, PACKETS, MANY, METRICS)
        grown = rss(worker.pid) - before
        return [
            {
                "series": MANY * METRICS,
                "packets_per_s": many["packets_per_s"],
                "with_500_per_s": few["packets_per_s"],
                "ratio": round(many["packets_per_s"] / few["packets_per_s"], 2),
                "bytes_per_series": round(grown / ((MANY - FEW) * METRICS)),
                "cpu_us_per_packet": many["cpu_us_per_packet"],
            }
        ]
