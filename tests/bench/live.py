"""`live`: what announcing watched devices costs the ingest rate.

Nobody listens: only the worker's side is measured. `unwatched` has a watch set of
devices that do not publish.
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from devices.live import INGEST_GROUP, watch_set
from tests.bench.ingest import drain
from tests.support.stack import Plant, whole_plant

PACKETS = int(os.environ.get("BENCH_PACKETS", "200000")) // 2
WATCHED = 200


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.worker()
        drain(plant, PACKETS // 4)
        keys = [pk for (pk,) in plant.sql(f"SELECT id FROM devices_device LIMIT {WATCHED}")]
        rates: dict[str, list[int]] = {"none": [], "watched": [], "unwatched": []}
        for _turn in range(2):  # alternating: the machine's mood changes
            for name, devices in (
                ("none", []),
                ("watched", keys),
                ("unwatched", [10**9 + n for n in range(WATCHED)]),
            ):
                with watching(plant, devices):
                    rates[name].append(drain(plant, PACKETS)["packets_per_s"])
        best = {name: max(found) for name, found in rates.items()}
        return [
            {
                "watched_devices": WATCHED,
                **{f"{name}_per_s": rate for name, rate in best.items()},
                "watched_ratio": round(best["watched"] / best["none"], 2),
                "unwatched_ratio": round(best["unwatched"] / best["none"], 2),
            }
        ]


@contextmanager
def watching(plant: Plant, devices: list[int]) -> Iterator[None]:
    """Announce a watch set every few seconds, as a web process does."""
    stop = threading.Event()

    async def announce() -> None:
        layer = RedisPubSubChannelLayer(hosts=[plant.env["REDIS_URL"]], prefix="iotbridge")
        while not stop.is_set():
            await layer.group_send(INGEST_GROUP, watch_set("bench", devices))
            await asyncio.sleep(1)
        await layer.group_send(INGEST_GROUP, watch_set("bench", []))
        await layer.flush()

    thread = threading.Thread(target=lambda: asyncio.run(announce()))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
