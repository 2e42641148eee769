"""`standalone`: packets a second by the embedded broker into SQLite, and what clients weigh.

One process: broker, ingest, pages. 500 devices, JSON with 3 values and a time, QoS 1. Then
2,000 clients connect and are silent.
"""

import socket
import time
import urllib.request
from typing import Any

from tests.bench.ingest import committed
from tests.bench.support.fast_publisher import Load
from tests.bench.support.measure import cpu_seconds, rss
from tests.mqtt_ingest.embedded_broker.rig import connect
from tests.support.services import folder, wait_until
from tests.support.standalone_stack import Standalone

PACKETS, WARM_UP, CLIENTS = 60_000, 3_000, 2_000


def run() -> list[dict[str, Any]]:
    with folder("standalone") as place:
        plant = Standalone(place)
        plant.start(MQTT_REGISTRATION="accept")
        try:
            return [_ingest(plant), _idle(plant)]
        finally:
            plant.stop()


def _ingest(plant: Standalone) -> dict[str, Any]:
    assert plant.process is not None
    Load(plant.mqtt, WARM_UP).wait()
    wait_until(lambda: committed(plant) >= WARM_UP, "the warm-up to be stored", 60)
    before, used, started = committed(plant), cpu_seconds(plant.process.pid), time.perf_counter()
    load = Load(plant.mqtt, PACKETS)
    slowest = 0.0
    while committed(plant) - before < PACKETS:
        asked = time.perf_counter()
        urllib.request.urlopen(f"{plant.base}/readyz", timeout=30).close()
        slowest = max(slowest, time.perf_counter() - asked)
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    load.wait()
    return {
        "packets": PACKETS,
        "packets_per_s": round(PACKETS / seconds),
        "cpu_us_per_packet": round((cpu_seconds(plant.process.pid) - used) * 1e6 / PACKETS, 1),
        "slowest_page_ms": round(slowest * 1e3),
        "peak_mb": round(rss(plant.process.pid) / 1e6),
    }


def _idle(plant: Standalone) -> dict[str, Any]:
    assert plant.process is not None
    time.sleep(3)
    before = rss(plant.process.pid)
    clients: list[socket.socket] = []
    started = time.perf_counter()
    for number in range(CLIENTS):
        client = socket.create_connection(("127.0.0.1", plant.mqtt))
        client.sendall(connect(f"idle-{number}", clean=False, keep_alive=600))
        clients.append(client)
    for client in clients:
        assert client.recv(4)[:1] == b"\x20"
    seconds = time.perf_counter() - started
    time.sleep(2)
    grown = rss(plant.process.pid) - before
    for client in clients:
        client.close()
    return {
        "clients": CLIENTS,
        "connected_in_s": round(seconds, 1),
        "added_mb": round(grown / 1e6, 1),
        "kb_per_client": round(grown / 1e3 / CLIENTS, 1),
    }
