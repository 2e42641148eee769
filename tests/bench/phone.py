"""`phone`: from the click on a device to its first chart, on a phone's line.

150 ms there and back, 1.6 Mbit/s, as Chromium emulates it, against `standalone`: a first visit,
whose cache is empty but for the page of the login, and later ones. And what a page weighs.
"""

import json
import statistics
import time
from typing import Any, cast

from tests.support.browser import Watched, chromium
from tests.support.services import folder, wait_until
from tests.support.stack import Plant, publish
from tests.support.standalone_stack import Standalone

TIMES = 5
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
# When a line has been drawn on the first chart, in ms since the navigation began.
WATCH = """() => {
  window.drawn = 0;
  const look = () => {
    const canvas = document.querySelector('figure[data-metric] canvas');
    const plot = document.querySelector('figure[data-metric] .plot');
    if (canvas && plot && !plot.classList.contains('skeleton')) window.drawn = performance.now();
    else requestAnimationFrame(look);
  };
  document.addEventListener('DOMContentLoaded', look);
}"""
WEIGHT = """() => {
  const of = (type) => performance.getEntriesByType(type);
  const all = [...of('navigation'), ...of('resource')];
  return [all.length, all.reduce((sum, one) => sum + one.transferSize, 0)];
}"""


def run() -> list[dict[str, Any]]:
    with folder("phone") as place, chromium() as browser:
        plant = Standalone(place)
        printed = plant.start(MQTT_REGISTRATION="accept")
        password = printed.partition("Login: admin / ")[2].split()[0]
        try:
            now = round(time.time() * 1_000)
            told = [
                {"ts": now - n * 60_000, **{f"m{k}": k + n for k in range(4)}} for n in range(50)
            ]
            publish(cast("Plant", plant), [("devices/pocket/telemetry", json.dumps(told))])
            wait_until(lambda: plant.count() == 200, "the readings", 30)
            return [_measured(browser, plant.base, password)]
        finally:
            plant.stop()


def _measured(browser: Any, base: str, password: str) -> dict[str, Any]:
    first, later, weight = [], [], (0, 0)
    for _visit in range(TIMES):
        page = Watched(browser, base, viewport={"width": 360, "height": 740}, is_mobile=True)
        page.log_in(password=password)
        session = page.context.new_cdp_session(page.page)
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Network.clearBrowserCache")
        page.page.add_init_script(f"({WATCH})()")
        first.append(_open(page))
        weight = page.page.evaluate(WEIGHT)
        later.append(_open(page))
        page.context.close()
    return {
        "first_visit_ms": round(statistics.median(first)),
        "later_visit_ms": round(statistics.median(later)),
        "requests": weight[0],
        "kb": round(weight[1] / 1_000),
    }


def _open(page: Watched) -> float:
    page.goto("/devices/pocket/")
    page.wait("window.drawn > 0", seconds=30)
    return float(page.page.evaluate("window.drawn"))
