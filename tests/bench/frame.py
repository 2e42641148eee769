"""`frame`: from publish to the WebSocket frame, stored before shown.

200 devices, 20 device pages open on 20 of them. Beside it, from the same run: a bare
paho subscriber of the same packets, and the disk's own commit time.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from websockets.asyncio.client import connect

from tests.support.stack import Plant, whole_plant

DEVICES, PAGES, SECONDS = 200, 20, 20
WARM_UP_SECONDS = 3


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.add_user()
        token = plant.token()
        plant.worker()
        plant.web()
        return [
            {"rate": rate, **asyncio.run(_measure(plant, token, rate))} for rate in (100, 1_000)
        ]


async def _measure(plant: Plant, token: str, rate: int) -> dict[str, Any]:
    _publish(plant, 400, 1)  # so that every device is known
    await asyncio.sleep(1)
    bare = _BareSubscriber(plant.broker.port)
    begins = time.time() + WARM_UP_SECONDS
    pages = [asyncio.create_task(_page(plant, token, f"b{n}", begins)) for n in range(PAGES)]
    await asyncio.sleep(1)
    publisher = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.support.steady_publisher",
        *map(str, (plant.broker.port, rate, DEVICES, SECONDS)),
    )  # fmt: skip
    checked = asyncio.create_task(_check_stored(plant))
    await publisher.wait()
    await asyncio.sleep(1)
    for page in pages:
        page.cancel()
    checked.cancel()
    results = await asyncio.gather(*pages, return_exceptions=False)
    latencies = [ms for found in results for ms in found]
    return {
        "pages": PAGES,
        "frames_with_values": len(latencies),
        **_quantiles("", latencies),
        **_quantiles("bare_", bare.stop(begins)),
        "disk_commit_ms": disk_commit_ms(plant.folder),
        "shown_before_stored": _early.count,
    }


class _Early:
    """Counts values that were shown before their row could be read."""

    def __init__(self) -> None:
        self.count = 0
        self.waiting: asyncio.Queue[tuple[str, float]] | None = None


_early = _Early()


async def _page(plant: Plant, token: str, device: str, begins: float) -> list[float]:
    """Be one device page; return the latencies in ms once cancelled."""
    latencies: list[float] = []
    async with connect(
        f"ws://127.0.0.1:{plant.web_port}/ws/live/",
        subprotocols=["iotbridge.v1.json"],  # type: ignore[list-item]
    ) as socket:
        await socket.send(json.dumps({"t": "auth", "token": token}))
        await socket.send(
            json.dumps(
                {"t": "sub", "id": 1, "keys": [f"{device}/*"], "from": -300_000, "points": 600,
                 "rate_hz": 10}
            )
        )  # fmt: skip
        series = ""
        try:
            async for text in socket:
                now = time.time()
                frame = json.loads(text)
                if frame["t"] == "ack":
                    series = next(
                        k for k, info in frame["series"].items() if info["key"].endswith("/sent")
                    )
                if "seq" in frame:
                    await socket.send(json.dumps({"t": "rx", "seq": frame["seq"]}))
                for _ts, sent in frame.get("d", {}).get(series, []):
                    if sent > begins:
                        latencies.append((now - sent) * 1_000)
                        if _early.waiting is not None and len(latencies) % 10 == 0:
                            _early.waiting.put_nowait((f"{device}", sent))
        except asyncio.CancelledError:
            pass
    return latencies


async def _check_stored(plant: Plant) -> None:
    """Look up values as soon as they were shown: their rows must be there."""
    _early.waiting, _early.count = asyncio.Queue(), 0
    async with await psycopg.AsyncConnection.connect(plant.url, autocommit=True) as database:
        while True:
            device, sent = await _early.waiting.get()
            cursor = await database.execute(
                "SELECT count(*) FROM devices_reading r "
                "JOIN devices_series s ON s.id = r.series_id "
                "JOIN devices_device d ON d.id = s.device_id "
                "WHERE d.key = %s AND s.metric = 'sent' AND r.ts >= %s AND r.value = %s",
                [device, int((sent - 5) * 1e6), sent],
            )
            row = await cursor.fetchone()
            _early.count += row is None or row[0] != 1


class _BareSubscriber:
    """What paho alone needs for the same packets."""

    def __init__(self, port: int) -> None:
        self._arrived: list[tuple[float, float]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("devices/+/telemetry", 1)
        self._client.loop_start()

    def _message(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._arrived.append((time.time(), json.loads(message.payload)["sent"]))

    def stop(self, begins: float) -> list[float]:
        self._client.disconnect()
        self._client.loop_stop()
        return [(now - sent) * 1_000 for now, sent in self._arrived if sent > begins]


def _publish(plant: Plant, rate: int, seconds: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.bench.support.steady_publisher",
         *map(str, (plant.broker.port, rate, DEVICES, seconds))],
        check=True,
    )  # fmt: skip


def disk_commit_ms(folder: Path) -> float:
    """Return the median time of a small write and fdatasync, in ms."""
    times = []
    with (folder / "commit").open("wb", buffering=0) as file:
        for _ in range(100):
            started = time.perf_counter()
            file.write(bytes(8_192))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - started) * 1_000)
    return round(statistics.median(times), 2)


def _quantiles(prefix: str, values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {
        f"{prefix}median_ms": round(cuts[49], 1),
        f"{prefix}p95_ms": round(cuts[94], 1),
        f"{prefix}p99_ms": round(cuts[98], 1),
        f"{prefix}max_ms": round(max(values), 1),
    }
