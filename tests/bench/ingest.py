"""`ingest`: packets a second committed and acknowledged by one worker, beside what
`mosquitto_sub -q 1` receives of the same load in the same run.

Publisher, Mosquitto, worker and database share the machine. 500 devices, JSON with 3
values and a time.
"""

import os
import subprocess
import time
from typing import Any

from tests.bench.support.fast_publisher import Load
from tests.bench.support.measure import Cpu, rss
from tests.support.services import find, wait_until
from tests.support.stack import Plant, whole_plant
from tests.support.standalone_stack import Standalone

PACKETS = int(os.environ.get("BENCH_PACKETS", "200000"))
WARM_UP = 5_000


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        baseline = subscriber_rate(plant)
        plant.worker()
        measured = [{"database": "postgresql", **drain(plant, PACKETS)}]
        plant.stop()
        subscriber = subscriber_rate(plant)
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        plant.worker()
        measured.append({"database": "sqlite", **drain(plant, PACKETS // 2)})
    for line in measured:
        line["mosquitto_sub_per_s"] = round((baseline + subscriber) / 2)
        line["ratio"] = round(line["packets_per_s"] / line["mosquitto_sub_per_s"], 3)
    return measured


def drain(plant: Plant, packets: int, devices: int = 500, metrics: int = 3) -> dict[str, Any]:
    """Publish `packets` at full speed; measure until the last is committed."""
    warm = Load(plant.broker.port, WARM_UP, devices, metrics)
    warm.wait()
    wait_until(lambda: _moved(plant) == 0, "the warm-up to be stored", 60)
    settled = committed(plant)
    cpu = Cpu(plant)
    started = time.perf_counter()
    load = Load(plant.broker.port, packets, devices, metrics)
    cpu.watch("publisher", load.pid)
    peak = 0
    wait = 600 + packets / 500
    until = time.monotonic() + wait
    while committed(plant) - settled < packets:
        assert time.monotonic() < until, f"{committed(plant) - settled} of {packets} after {wait} s"
        peak = max(peak, rss(plant.processes[-1].pid))
        time.sleep(0.05)
        cpu.look()
    seconds = time.perf_counter() - started
    load.wait()
    return {
        "packets": packets,
        "packets_per_s": round(packets / seconds),
        "worker_peak_mb": round(peak / 1e6),
        "cpu_us_per_packet": {
            name: round(used * 1e6 / packets, 1) for name, used in cpu.used().items()
        },
    }


def committed(plant: Plant | Standalone) -> int:
    return int(plant.sql("SELECT coalesce(sum(packets), 0) FROM devices_writer")[0][0])


def _moved(plant: Plant) -> int:
    before = committed(plant)
    time.sleep(0.5)
    return committed(plant) - before


def subscriber_rate(plant: Plant) -> float:
    """Return what mosquitto_sub receives of the same load, in packets a second."""
    program = find("mosquitto_sub", "mosquitto-clients")
    command = [program, "-p", str(plant.broker.port), "-q", "1", "-t", "devices/+/telemetry/#"]
    command += ["-C", str(PACKETS), "-i", "bench-sub"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as subscriber:
        time.sleep(0.5)
        started = time.perf_counter()
        load = Load(plant.broker.port, PACKETS)
        assert subscriber.wait(timeout=300) == 0
        seconds = time.perf_counter() - started
        load.wait()
    return PACKETS / seconds
