"""`backlog`: a queue that grew while no worker ran, drained in bounded memory."""

import os
import time
from typing import Any

from tests.bench.ingest import committed, drain
from tests.bench.support.fast_publisher import Load
from tests.bench.support.measure import rss
from tests.support.stack import whole_plant

PACKETS = int(os.environ.get("BENCH_PACKETS", "200000"))


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        worker = plant.worker()
        live = drain(plant, PACKETS // 2)
        worker.stop()
        Load(plant.broker.port, PACKETS).wait()
        before, peak = committed(plant), 0
        worker = plant.worker()
        started = time.perf_counter()
        already = committed(plant) - before
        while committed(plant) - before < PACKETS:
            peak = max(peak, rss(worker.pid))
            time.sleep(0.05)
        rate = (PACKETS - already) / (time.perf_counter() - started)
        return [
            {
                "packets": PACKETS,
                "packets_per_s": round(rate),
                "ingest_per_s": live["packets_per_s"],
                "ratio": round(rate / live["packets_per_s"], 2),
                "worker_peak_mb": round(peak / 1e6),
            }
        ]
