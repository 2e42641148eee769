"""`search`: answers while somebody types, with 50,000 devices and 250,000 series."""

import statistics
import time
import urllib.parse
import urllib.request
from typing import Any

from tests.bench.overview import METRICS, fill, log_in
from tests.support.stack import Plant, whole_plant

DEVICES = 50_000
# Each as it is typed: letter by letter, of keys, types, metrics, and of nothing that there is.
WORDS = ("dev-49999", "49999", "probe", "metric-3", "status", "zzz nobody")


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.add_user()
        fill(plant, DEVICES)
        plant.web()
        cookie = log_in(plant)
        _seconds(plant, cookie, "")
        times = {
            typed: _seconds(plant, cookie, typed)
            for word in WORDS
            for typed in (word[:end] for end in range(1, len(word) + 1))
        }
    slowest = max(times, key=lambda typed: times[typed])
    return [
        {
            "devices": DEVICES,
            "series": DEVICES * METRICS,
            "median_ms": round(statistics.median(times.values()) * 1_000),
            "max_ms": round(times[slowest] * 1_000),
            "slowest": slowest,
        }
    ]


def _seconds(plant: Plant, cookie: str, typed: str) -> float:
    url = f"{plant.base}/api/v1/search?{urllib.parse.urlencode({'q': typed})}"
    request = urllib.request.Request(url, headers={"Cookie": f"sessionid={cookie}"})
    started = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        answer.read()
    return time.perf_counter() - started
