"""Many live pages in a process of its own, and how late what they show is.

`python -m tests.bench.support.live_clients URL TOKEN PAGES DEVICES SECONDS KIND`. Page n
shows the devices n and n + 1 of DEVICES, ten metrics each; KIND is `live` (our protocol)
or `plain` (a consumer as tutorials write it). Prints one JSON object.
"""

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

# Connecting so many at once would measure logins.
OPENING = 20


@dataclass
class Seen:
    """What all pages saw together."""

    begins: float = 0.0
    frames: int = 0
    closed: int = 0
    # Close code -> how often.
    codes: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def value(self, sent: float) -> None:
        if sent > self.begins > 0:
            self.latencies.append((time.time() - sent) * 1_000)


async def live(socket: ClientConnection, token: str, devices: list[str], seen: Seen) -> None:
    """Be a page of ours: subscribe, draw, acknowledge."""
    await socket.send(json.dumps({"t": "auth", "token": token}))
    keys = [f"{device}/*" for device in devices]
    sub = {"t": "sub", "id": 1, "keys": keys, "from": -60_000, "points": 600, "rate_hz": 10}
    await socket.send(json.dumps(sub))
    stamps: set[str] = set()
    async for text in socket:
        frame = json.loads(text)
        if "seq" in frame:
            seen.frames += 1
            await socket.send(json.dumps({"t": "rx", "seq": frame["seq"]}))
        if frame["t"] == "ack":
            stamps = {k for k, info in frame["series"].items() if info["key"].endswith("/sent")}
        for k in stamps & frame.get("d", {}).keys():
            for row in frame["d"][k]:
                seen.value(row[1])


async def plain(socket: ClientConnection, _token: str, devices: list[str], seen: Seen) -> None:
    """Be a page of the tutorial's consumer: a frame a packet."""
    await socket.send(json.dumps({"devices": devices}))
    async for text in socket:
        seen.frames += 1
        seen.value(json.loads(text)["sent"])


async def page(number: int, given: list[str], seen: Seen, opening: asyncio.Semaphore) -> None:
    url, token, _pages, count, _seconds, kind = given
    devices = [f"b{(number + n) % int(count)}" for n in range(2)]
    serve = live if kind == "live" else plain
    protocols: Any = ["iotbridge.v1.json"] if kind == "live" else None
    try:
        async with opening:
            socket = await connect(url, subprotocols=protocols, max_size=None, ping_interval=None)
        async with socket:
            await serve(socket, token, devices, seen)
    except ConnectionClosed as gone:
        seen.codes[str(gone.rcvd.code if gone.rcvd else "none")] += 1
    seen.closed += 1


async def main() -> None:
    given = sys.argv[1:]
    seen, opening = Seen(), asyncio.Semaphore(OPENING)
    pages = [asyncio.create_task(page(n, given, seen, opening)) for n in range(int(given[2]))]
    await asyncio.sleep(float(given[4]) / 3)
    seen.begins, frames, started = time.time(), seen.frames, time.monotonic()
    await asyncio.sleep(float(given[4]) * 2 / 3)
    rate = (seen.frames - frames) / (time.monotonic() - started)
    closed, codes = seen.closed, dict(seen.codes)
    for task in pages:
        task.cancel()
    await asyncio.gather(*pages, return_exceptions=True)
    cuts = statistics.quantiles(seen.latencies or [0, 0], n=100)
    told = {"median_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1)}
    told |= {"values": len(seen.latencies), "frames_per_s": round(rate)}
    told |= {"closed": closed, "codes": codes}
    print(json.dumps(told))


asyncio.run(main())
