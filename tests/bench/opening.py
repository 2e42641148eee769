"""`opening`: from the click to values and charts, in Chromium, on a device page and on boards.

`first visit` is one with an empty cache: everything is fetched anew.
"""

import json
import statistics
import time
from typing import Any

from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

DEVICES, ROWS, METRICS, TIMES = 4, 300, 12, 15
DAY_MS = 86_400_000
# When every chart had been drawn, in ms since the click.
WATCH = """() => {
  window.drawn = 0;
  const look = () => {
    const charts = [...document.querySelectorAll(
      'section[data-widget=lines], section[data-widget=timeline], figure.chart .plot')];
    const done = charts.length > 0 && charts.every((chart) => chart.querySelector('canvas'));
    if (done) window.drawn = performance.now();
    else requestAnimationFrame(look);
  };
  document.addEventListener('DOMContentLoaded', look);
}"""
PAINTED = "(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? window.drawn)"
WEIGHT = """() => performance.getEntriesByType('resource').concat(
  performance.getEntriesByType('navigation')).reduce(([n, bytes], one) =>
    [n + 1, bytes + one.transferSize], [0, 0])"""
BOARD = """
from django.contrib.auth import get_user_model
from dashboards.boards import store
user = get_user_model().objects.get()
def lines(n, device, metric):
    options = {"keys": [f"d{device}/m{metric}"]}
    return {"id": f"w{n}", "kind": "lines", "x": 3 * (n % 4), "y": 3 * (n // 4), "w": 3, "h": 3,
            "options": options}
widgets = [lines(n, n % 4, n // 4) for n in range(24)]
store.publish(store.make(user, "Many", {"widgets": widgets}), user)
"""


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant, chromium() as browser:
        plant.add_user()
        plant.worker()
        plant.web()
        now = round(time.time() * 1_000)
        step = DAY_MS // ROWS
        metrics = {f"m{k}": k for k in range(METRICS)}
        packets = [
            (
                f"devices/d{device}/telemetry",
                json.dumps({"ts": now - n * step, **{m: k + n % 7 for m, k in metrics.items()}}),
            )
            for n in range(ROWS)
            for device in range(DEVICES)
        ]
        publish(plant, packets)
        wait_until(lambda: plant.count() == len(packets) * METRICS, "all readings", 120)
        plant.manage("shell", "-v", "0", "-c", BOARD)
        pages = (
            ("device page of 12 metrics", "/devices/d0/?range=24h"),
            ("board that makes itself", "/boards/without-site/?range=24h"),
            ("board of 24 widgets", "/boards/many/?range=24h"),
        )
        return [_page(browser, plant, name, path) for name, path in pages]


def _page(browser: Browser, plant: Plant, name: str, path: str) -> dict[str, Any]:
    size = {"width": 1600, "height": 3000}
    first = []
    for _turn in range(3):
        page = Watched(browser, plant.base, viewport=size)
        page.log_in()
        # What the page of the login has fetched is forgotten.
        page.context.new_cdp_session(page.page).send("Network.clearBrowserCache")
        page.page.add_init_script(f"({WATCH})()")
        first.append(_open(page, path)[1])
        requests, weight = page.page.evaluate(WEIGHT)
        told = [_open(page, path) for _ in range(TIMES // 3)]
        if _turn == 0:
            later = told
        else:
            later += told
        page.context.close()
    values, charts = zip(*later, strict=True)
    return {
        "page": name,
        "values_median_ms": round(statistics.median(values)),
        "charts_median_ms": round(statistics.median(charts)),
        "charts_most_ms": round(max(charts)),
        "first_visit_ms": round(statistics.median(first)),
        "requests": requests,
        "bytes": weight,
    }


def _open(page: Watched, path: str) -> tuple[float, float]:
    page.goto(path)
    page.wait("window.drawn > 0", 30)
    painted, drawn = page.page.evaluate(f"[{PAINTED}, window.drawn]")
    return float(painted), float(drawn)
