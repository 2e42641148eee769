"""`decoders`: packets a second of each convention, beside native JSON with as many values.

Formats cost what native JSON does not have: `same_payload_ratio` is beside the native
convention reading the very same JSON, which tells the format's part from the decoder's.
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mqtt_ingest.core import conventions, kit
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Entry, Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from tests.support.services import ROOT

GOLDEN = ROOT / "tests" / "mqtt_ingest" / "core" / "conventions" / "golden"
SECONDS = 0.05


def _router(name: str, options: Any = None) -> Router:
    made = conventions.make(name, options)
    filters = (*made.shared_filters, *made.ordered_filters)
    return Router([Route(name, made, Limits(), filters)])


def _values(entry: Entry) -> int:
    return sum(len(message.samples) for message in entry.messages or ())


def _per_second(packet: Packet, router: Router) -> float:
    best = 0.0
    for _turn in range(3):
        count, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < SECONDS:
            for _ in range(20):
                decode(packet, router)
            count += 20
        best = max(best, count / passed)
    return best


def _native(values: int) -> Packet:
    told = {f"metric_{number}": 20.5 + number for number in range(values)}
    return Packet("devices/press-3/telemetry", json.dumps(told).encode(), kit.ARRIVAL, 1)


def _same_payload(packet: Packet, native: Router) -> float:
    """Return s a packet of native JSON with this payload; 0 where it cannot read it."""
    same = replace(packet, topic="devices/press-3/telemetry")
    return 1 / _per_second(same, native) if _values(decode(same, native)) else 0.0


def _measured(path: Path) -> dict[str, Any] | None:
    golden = kit.load(path)
    router, native = _router(path.stem, golden.options), _router("native")
    times, beside, packets, values = 0.0, 0.0, 0, 0
    comparable, same = 0.0, 0.0
    for packet in golden.packets:
        told = _values(decode(packet, router))
        if told:
            own = 1 / _per_second(packet, router)
            times += own
            beside += 1 / _per_second(_native(told), native)
            packets, values = packets + 1, values + told
            plain = _same_payload(packet, native)
            same, comparable = same + plain, comparable + (own if plain else 0.0)
    if not packets:
        return None
    return {
        "convention": path.stem,
        "packets_per_s": round(packets / times),
        "values_per_packet": round(values / packets, 1),
        "native_per_s": round(packets / beside),
        "ratio": round(beside / times, 2),
        "same_payload_ratio": round(same / comparable, 2) if comparable else None,
    }


def run() -> list[dict[str, Any]]:
    return [found for path in sorted(GOLDEN.glob("*.json")) if (found := _measured(path))]
