"""`fanout` and `plain`: 200 (and 500) pages of 20 series at 4 Hz on one Daphne process.

`plain` is the same load through a consumer as Channels' tutorials write it, on both of
channels-redis' layers.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.support.measure import cpu_seconds, rss
from tests.support.services import ROOT, free_port, listens, wait_until
from tests.support.stack import Plant, whole_plant

DEVICES, METRICS, RATE = 40, 10, 4
SECONDS = int(os.environ.get("BENCH_SECONDS", "45"))
LAYERS = {
    "pub/sub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
}


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.add_user()
        token = plant.token()
        plant.worker()
        web = plant.web()
        _publish(plant, 3).wait()  # so that every device is known
        url = f"ws://127.0.0.1:{plant.web_port}/ws/live/"
        return [_measure(plant, web.pid, [url, token, str(pages)], "live") for pages in (200, 500)]


def run_plain() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        return [_plain(plant, name, pages) for name in LAYERS for pages in (200, 500)]


def _plain(plant: Plant, layer: str, pages: int) -> dict[str, Any]:
    env = {**plant.env, "LAYER": LAYERS[layer]}
    port = free_port()
    daphne = str(Path(sys.executable).with_name("daphne"))
    command = [daphne, "-p", str(port), "tests.bench.tutorial:application"]
    forward = [sys.executable, "-m", "tests.bench.tutorial", str(plant.broker.port)]
    quiet = {"env": env, "cwd": ROOT, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    web = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
    worker = subprocess.Popen(forward, **quiet)  # type: ignore[call-overload]
    try:
        wait_until(lambda: listens(port), "the tutorial's web process", 30)
        given = [f"ws://127.0.0.1:{port}/", "-", str(pages)]
        return {"layer": layer, **_measure(plant, web.pid, given, "plain")}
    finally:
        for process in (worker, web):
            process.kill()
            process.wait()


def _measure(plant: Plant, web: int, given: list[str], kind: str) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.bench.support.live_clients",
        *given,
        str(DEVICES),
        str(SECONDS),
        kind,
    ]
    pages = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    publisher = _publish(plant, SECONDS + 5)
    time.sleep(SECONDS / 3)
    started, before = time.monotonic(), cpu_seconds(web)
    time.sleep(SECONDS / 3)
    share = (cpu_seconds(web) - before) / (time.monotonic() - started)
    memory = rss(web)
    told = json.loads(pages.communicate()[0])
    publisher.kill()
    publisher.wait()
    return {
        **{"kind": kind, "pages": int(given[2]), "series_a_page": 2 * METRICS, "hz": RATE},
        **told,
        **{"web_cpu_percent": round(100 * share), "web_mb": memory // 1_000_000},
    }


def _publish(plant: Plant, seconds: int) -> "subprocess.Popen[bytes]":
    given = (plant.broker.port, RATE * DEVICES, DEVICES, seconds, METRICS)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.support.steady_publisher", *map(str, given)]
    )
