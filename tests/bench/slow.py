"""`slow`: what 100 pages that never read cost the web process in memory."""

import asyncio
import json
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.bench.fanout import DEVICES, _publish
from tests.bench.support.measure import rss
from tests.support.stack import Plant, whole_plant

PAGES, SECONDS = 100, 50


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.add_user()
        token = plant.token()
        plant.worker()
        web = plant.web()
        _publish(plant, 3).wait()
        publisher = _publish(plant, SECONDS + 60)
        try:
            return [asyncio.run(_measure(plant, web.pid, token))]
        finally:
            publisher.kill()
            publisher.wait()


async def _measure(plant: Plant, web: int, token: str) -> dict[str, Any]:
    url = f"ws://127.0.0.1:{plant.web_port}/ws/live/"
    warm = [await _page(url, token, n, reads=True) for n in range(5)]
    await asyncio.sleep(5)
    before = rss(web)
    pages = [await _page(url, token, n, reads=False) for n in range(PAGES)]
    started, most = time.monotonic(), 0
    while time.monotonic() - started < SECONDS:
        await asyncio.sleep(0.5)
        most = max(most, rss(web))
    for socket in [*warm, *pages]:
        socket.transport.abort()
    return {
        "pages": PAGES,
        "seconds": SECONDS,
        "before_mb": round(before / 1e6, 1),
        "most_mb": round(most / 1e6, 1),
        "more_mb": round((most - before) / 1e6, 1),
    }


async def _page(url: str, token: str, number: int, *, reads: bool) -> ClientConnection:
    protocols: Any = ["iotbridge.v1.json"]
    socket = await connect(url, subprotocols=protocols, max_size=None, ping_interval=None)
    await socket.send(json.dumps({"t": "auth", "token": token}))
    await socket.recv()
    if not reads:
        socket.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's own transport
    keys = [f"b{(number + n) % DEVICES}/*" for n in range(2)]
    sub = {"t": "sub", "id": 1, "keys": keys, "from": -60_000, "points": 600, "rate_hz": 10}
    await socket.send(json.dumps(sub))
    return socket
