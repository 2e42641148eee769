"""`lone`: arrival to commit of single packets while nothing else goes on."""

import json
import statistics
import time
import urllib.request
from typing import Any

from tests.bench.frame import disk_commit_ms
from tests.support.stack import Plant, whole_plant

PACKETS = 400


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        made = [{"database": "postgresql", **_measure(plant)}]
        plant.stop()
        plant.use_sqlite()
        plant.manage("migrate", "--verbosity", "0")
        return [*made, {"database": "sqlite", **_measure(plant)}]


def _measure(plant: Plant) -> dict[str, Any]:
    worker = plant.worker()
    client = plant.client()
    for n in range(PACKETS + 20):
        client.publish(f"devices/l{n % 20}/telemetry", json.dumps({"n": n, "a": 1, "b": 2}), 1)
        time.sleep(0.03)
    time.sleep(1)
    client.disconnect()
    client.loop_stop()
    found = packets(plant, worker.http_port)[-PACKETS:]
    waited = [packet["stored_after_ms"] for packet in found]
    cuts = statistics.quantiles(waited, n=100)
    return {
        "packets": len(waited),
        "median_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "max_ms": round(max(waited), 1),
        "disk_commit_ms": disk_commit_ms(plant.folder),
    }


def packets(plant: Plant, port: int) -> list[dict[str, Any]]:
    """Return the last packets of a worker, as /inspect asks for them."""
    code = "from devices.monitoring.packets_token import packets_token as t; print('TOKEN', t())"
    token = plant.manage("shell", "-v", "0", "-c", code).split("TOKEN", 1)[1].strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/packets?limit=500", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as answer:
        found: list[dict[str, Any]] = json.load(answer)["packets"]
    return found
