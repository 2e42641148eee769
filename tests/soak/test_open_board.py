"""Pages that stay open: memory, elements and listeners stay as they are, and nothing freezes.

SOAK_SECONDS (`make soak`) says how long the soak takes; three minutes without it.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import CDPSession

from tests.support import services
from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

SECONDS = int(os.environ.get("SOAK_SECONDS", "180"))
pytestmark = [pytest.mark.services, pytest.mark.browser, pytest.mark.timeout(SECONDS + 600)]
WARM_UP, EVERY = 40, 20
# Packets a second, each an update of several widgets.
RATE = 50
DEVICES = ("left", "right")
# Widgets made and taken away, each with lines, timeline, gauge and value.
ROUNDS = 250
REMAKE = """async (rounds) => {
  const js = '/static/dashboards/js/';
  const { Place } = await import(js + 'widgets/widget-context.js');
  const { Store } = await import(js + 'live/store.js');
  const store = new Store(() => {});
  store.take({ t: 'ack', series: { 0: { key: 'a/t', unit: '', kind: 'number' } }, bin_ms: 0,
    denied: [] });
  const at = Date.now();
  store.take({ t: 'upd', d: { 0: [[at - 2000, 1], [at - 1000, 2], [at, 3]] } });
  const board = { range: null, past: { at: null }, newest: store,
    feeds: { spanMs: 60000, want: () => store } };
  const options = { keys: ['a/t'], key: 'a/t', right: [], thresholds: [], band: true,
    minimum: 0, maximum: 9 };
  const setup = JSON.stringify({ options, names: { 'a/t': 't' },
    query: { keys: ['a/t'], kind: 'series', points: 10 } });
  for (let n = 0; n < rounds; n += 1) {
    for (const name of ['lines', 'timeline', 'gauge', 'value']) {
      const { mount } = await import(`${js}widgets/${name}.js`);
      const root = document.createElement('section');
      root.dataset.setup = setup;
      const canvas = document.createElement('div');
      canvas.dataset.draw = '';
      canvas.className = 'plot';
      root.append(canvas);
      document.querySelector('main').append(root);
      const drawn = mount(new Place(root, board));
      drawn.draw();
      drawn.disconnect?.();
      root.remove();
    }
    if (n % 25 === 0) await new Promise((done) => setTimeout(done));
  }
}"""
LONG_TASKS = """() => {
  window.tasks = [];
  const take = (list) => window.tasks.push(...list.getEntries().map((e) => e.duration));
  new PerformanceObserver(take).observe({ type: 'longtask' });
}"""


class Gauge:
    """What the browser keeps, after it has collected its garbage."""

    def __init__(self, page: Watched) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page.page)
        self._session.send("Performance.enable")

    def read(self) -> dict[str, float]:
        for _ in range(2):
            self._session.send("HeapProfiler.collectGarbage")
        found = self._session.send("Performance.getMetrics")["metrics"]
        values = {item["name"]: item["value"] for item in found}
        names = {"heap": "JSHeapUsedSize", "nodes": "Nodes", "listeners": "JSEventListeners"}
        return {name: values[metric] for name, metric in names.items()}


def body(n: int) -> dict[str, Any]:
    """Return values for five charts, a timeline, two gauges and four tiles on one board."""
    metrics: dict[str, Any] = {f"m{k}": 20 + (n * (k + 1)) % 17 + k for k in range(5)}
    return metrics | {"open": n % 40 < 20}


def own(device: str, n: int) -> dict[str, Any]:
    """Return what one device alone has."""
    if device == "left":
        return {"humidity": n % 100, "speed": n % 7, "load": n % 11}
    return {"level": n % 100, "force": n % 13, "flow": n % 5}


def packets(start_ms: int, seconds: int) -> list[tuple[str, str]]:
    """Return what RATE packets a second would have been from `start_ms` on."""
    return [
        (f"devices/{device}/telemetry", json.dumps({"ts": ts, **body(n), **own(device, n)}))
        for n in range(seconds * RATE)
        for device in [DEVICES[n % 2]]
        for ts in [start_ms + n * 1_000 // RATE]
    ]


@contextmanager
def streaming(plant: Plant, seconds: float) -> Iterator[None]:
    """Publish at RATE for `seconds`, or until the block ends."""
    stop = threading.Event()
    client = plant.client()

    def run() -> None:
        began, n = time.monotonic(), 0
        while not stop.is_set() and time.monotonic() < began + seconds:
            device = DEVICES[n % 2]
            ts = time.time_ns() // 1_000 / 1_000
            values = {"ts": ts, **body(n), **own(device, n)}
            client.publish(f"devices/{device}/telemetry", json.dumps(values), 1)
            n += 1
            stop.wait(max(0.0, began + n / RATE - time.monotonic()))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def shop(plant: Plant) -> Plant:
    plant.worker()
    plant.web()
    plant.add_user()
    return plant


def test_a_board_that_streams_keeps_its_heap_elements_and_listeners(shop: Plant) -> None:
    now = round(time.time() * 1_000)
    # As much as the page shows, so that it is full from the beginning.
    history = packets(now - 330_000, 330)
    publish(shop, history)
    newest = "SELECT max(ts) FROM devices_latest"
    wait_until(lambda: shop.sql(newest)[0][0] >= (now - 1_000) * 1_000, "the history", 120)
    with chromium() as browser, streaming(shop, SECONDS + WARM_UP + 60):
        page = Watched(browser, shop.base, viewport={"width": 1600, "height": 3000})
        page.log_in()
        page.goto("/boards/without-site/?range=5m")
        page.wait_live()
        page.page.wait_for_selector("section[data-widget=lines] canvas")
        assert page.page.locator("[data-widget]").count() == 1 + 12
        gauge = Gauge(page)
        page.page.wait_for_timeout(WARM_UP * 1_000)
        readings = [gauge.read()]
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            page.page.wait_for_timeout(EVERY * 1_000)
            readings.append(gauge.read())
        page.wait_live()
        page.shot("soak")
    first, last = readings[0], readings[-1]
    print(json.dumps({"seconds": SECONDS, "first": first, "last": last}))
    assert last["heap"] < 1.1 * first["heap"], readings
    assert last["nodes"] <= first["nodes"] + 20, readings
    assert last["listeners"] <= first["listeners"] + 5, readings
    assert page.problems == []


def test_widgets_that_are_taken_away_leave_nothing_behind(shop: Plant) -> None:
    with chromium() as browser:
        page = Watched(browser, shop.base)
        page.log_in()
        page.goto("/boards/")
        gauge = Gauge(page)
        page.page.evaluate(REMAKE, 20)
        before = gauge.read()
        page.page.evaluate(REMAKE, ROUNDS)
        after = gauge.read()
        assert page.page.locator("canvas").count() == 0
        assert page.problems == []
    assert after["nodes"] <= before["nodes"] + 20, (before, after)
    assert after["listeners"] <= before["listeners"] + 5, (before, after)
    assert after["heap"] < 1.25 * before["heap"], (before, after)


def test_hundreds_of_values_that_change_do_not_freeze_a_page(shop: Plant) -> None:
    """100 devices with 5 values each, twice a second; the list shows 4 of each."""
    devices = [f"d{n:03}" for n in range(100)]

    def send(n: int) -> None:
        values = {f"m{k}": n + k for k in range(5)}
        publish(shop, [(f"devices/{key}/telemetry", json.dumps(values)) for key in devices])

    send(0)
    wait_until(lambda: shop.count("devices_latest") == 500, "all series")
    with chromium() as browser:
        page = Watched(browser, shop.base)
        page.log_in()
        page.goto("/")
        page.wait_live()
        page.page.wait_for_timeout(1_000)
        page.page.evaluate(LONG_TASKS)
        for n in range(1, 21):
            began = time.monotonic()
            send(n)
            page.page.wait_for_timeout(max(0, 500 - (time.monotonic() - began) * 1_000))
        cell = "[data-key='d099/m3'] b"
        page.wait(f'document.querySelector("{cell}").textContent === "23"')
        tasks = page.page.evaluate("window.tasks")
    assert max(tasks, default=0) <= 100 * services.PATIENCE, tasks
