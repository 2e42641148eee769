"""`screen`: from publish to the painted pixel of a device page in Chromium.

1,000 packets a second over 200 devices; the page shows one of them.
"""

import statistics
import subprocess
import sys
from typing import Any

from tests.support.browser import Watched, chromium
from tests.support.services import ROOT
from tests.support.stack import Plant, whole_plant

RATE, DEVICES, SECONDS = 1_000, 200, 40
CELL = "figure[data-metric=n] [data-cell=value]"
# What the value is when a frame that shows it has been painted, and when that was.
WATCH = f"""() => {{
  window.painted = [];
  const cell = document.querySelector("{CELL}");
  const note = () => {{
    const shown = Number(cell.textContent);
    requestAnimationFrame(() => setTimeout(() => window.painted.push([shown, Date.now()]), 0));
  }};
  const all = {{ childList: true, characterData: true, subtree: true }};
  new MutationObserver(note).observe(cell, all);
}}"""


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant, chromium() as browser:
        plant.add_user()
        plant.worker()
        plant.web()
        _publish(plant, 400, 1).wait()
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/devices/b7/?range=5m")
        page.wait_live()
        page.page.wait_for_selector(CELL)
        publisher = _publish(plant, RATE, SECONDS)
        page.page.wait_for_timeout(5_000)
        page.page.evaluate(WATCH)
        publisher.wait()
        page.page.wait_for_timeout(1_000)
        painted = page.page.evaluate("window.painted")
        return [_told(painted, _sent(plant))]


def _sent(plant: Plant) -> dict[float, float]:
    """Return when each value of `n` of the shown device was published, in ms."""
    rows = plant.sql(
        "SELECT n.value, sent.value FROM devices_reading n JOIN devices_series s ON "
        "s.id = n.series_id AND s.metric = 'n' JOIN devices_device d ON d.id = s.device_id "
        "AND d.key = 'b7' JOIN devices_series t ON t.device_id = d.id AND t.metric = 'sent' "
        "JOIN devices_reading sent ON sent.series_id = t.id AND sent.ts = n.ts"
    )
    return {n: sent * 1_000 for n, sent in rows}


def _told(painted: list[list[float]], sent: dict[float, float]) -> dict[str, Any]:
    latencies = [at - sent[n] for n, at in painted if n in sent]
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "packets_per_s": RATE,
        "devices": DEVICES,
        "values_painted": len(latencies),
        "median_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
    }


def _publish(plant: Plant, rate: int, seconds: int) -> "subprocess.Popen[bytes]":
    given = (plant.broker.port, rate, DEVICES, seconds)
    command = [sys.executable, "-m", "tests.bench.support.steady_publisher", *map(str, given)]
    return subprocess.Popen(command, cwd=ROOT)
