"""`sparse`: 200 devices with a packet each per 10 s."""

import time
from typing import Any

from tests.bench.support.fast_publisher import Load
from tests.bench.support.measure import Cpu
from tests.support.stack import whole_plant

RATE, SECONDS = 20, 40


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.worker()
        Load(plant.broker.port, 200, 200).wait()
        time.sleep(3)
        cpu = Cpu(plant)
        started = time.perf_counter()
        Load(plant.broker.port, RATE * SECONDS, 200, rate=RATE).wait()
        seconds = time.perf_counter() - started
        used = cpu.used()
        return [
            {
                "packets_per_s": round(RATE * SECONDS / seconds, 1),
                "worker_core_percent": round(100 * used["worker"] / seconds, 1),
                "database_core_percent": round(100 * used["database"] / seconds, 1),
            }
        ]
