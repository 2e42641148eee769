"""`opening`: from the click to values and charts on a board of 14 widgets, in Chromium."""

import json
import statistics
import time
from typing import Any

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import publish, whole_plant

DEVICES, ROWS, TIMES = 4, 300, 15
# When the first value was there to be read, and when every chart had been drawn; in ms
# since the click.
WATCH = """() => {
  window.drawn = 0;
  const look = () => {
    const charts = [...document.querySelectorAll('section[data-widget=lines]')];
    const done = charts.length > 0 && charts.every((chart) => chart.querySelector('canvas'));
    if (done) window.drawn = performance.now();
    else requestAnimationFrame(look);
  };
  document.addEventListener('DOMContentLoaded', look);
}"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant, chromium() as browser:
        plant.add_user()
        plant.worker()
        plant.web()
        now = round(time.time() * 1_000)
        metrics = {f"m{k}": k for k in range(8)} | {"open": True, "humidity": 40}
        packets = [
            (f"devices/d{device}/telemetry", json.dumps({"ts": now - n * 10_000, **metrics}))
            for n in range(ROWS)
            for device in range(DEVICES)
        ]
        publish(plant, packets)
        wait_until(lambda: plant.count() == len(packets) * len(metrics), "all readings", 120)
        page = Watched(browser, plant.base, viewport={"width": 1600, "height": 3000})
        page.log_in()
        page.page.add_init_script(f"({WATCH})()")
        told = [_open(page) for _ in range(TIMES)][1:]
        widgets = page.page.locator("[data-widget]").count()
        values, charts = zip(*told, strict=True)
        return [
            {
                "widgets": widgets,
                "values_median_ms": round(statistics.median(values)),
                "values_most_ms": round(max(values)),
                "charts_median_ms": round(statistics.median(charts)),
                "charts_most_ms": round(max(charts)),
            }
        ]


def _open(page: Watched) -> tuple[float, float]:
    page.goto("/boards/without-site/")
    page.wait("window.drawn > 0", 30)
    painted, drawn = page.page.evaluate(f"[{PAINTED}, window.drawn]")
    return float(painted), float(drawn)
