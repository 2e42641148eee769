"""No gap on screen: whatever is cut, the page's arrays end as a fresh load's and the database's.

50 series stream through two slots into the page's own `socket.js` and `store.js` in
Chromium, while everything behind it is cut at random. FAULTS=long makes 60 cuts of it.
"""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.browser import Watched, chromium
from tests.support.proxy import Proxy, proxy
from tests.support.services import wait_until
from tests.support.stack import Plant, Process

pytestmark = [pytest.mark.services, pytest.mark.browser, pytest.mark.timeout(1_200)]
DEVICES, METRICS = 10, 5
CUTS = 60 if os.environ.get("FAULTS") == "long" else 8
SPAN_MS = 600_000
KEYS = [f"d{n}/*" for n in range(DEVICES)]
# kind of subscription -> what is asked; exact rows, bins, newest values.
SUBS = {
    "rows": {"keys": KEYS, "from": -SPAN_MS, "points": 10_000, "rate_hz": 10},
    "bins": {"keys": KEYS, "from": -SPAN_MS, "points": 50, "rate_hz": 4},
    "latest": {"kind": "latest", "keys": KEYS, "rate_hz": 10},
}
OPEN = """async (subs) => {
  const js = '/static/dashboards/js/';
  const { LiveSocket } = await import(js + 'live/socket.js');
  const { Store } = await import(js + 'live/store.js');
  const socket = new LiveSocket(`ws://${location.host}/ws/live/`, () => {});
  const stores = {};
  for (const [name, sub] of Object.entries(subs)) {
    stores[name] = new Store(() => {});
    socket.subscribe(sub, stores[name].take);
  }
  socket.connect();
  return { socket, stores };
}"""
READ = """({ stores }) => {
  const rows = (c) => c.ts.map((ts, i) => [ts, c.value[i], c.min[i], c.max[i]]);
  const series = (s) => Object.fromEntries([...s.columns].map(([key, c]) => [key, rows(c)]));
  const read = ([name, s]) => [name, { bin: s.binMs, series: series(s) }];
  return Object.fromEntries(Object.entries(stores).map(read));
}"""


class Stream:
    """Publishes values of 50 series, some late, until stopped; can be held."""

    def __init__(self, plant: Plant) -> None:
        self._client = plant.client()
        self._stop, self._go = threading.Event(), threading.Event()
        self._go.set()
        self._waiting: list[Any] = []
        self.rows = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        rng, n = random.Random(1), 0
        while not self._stop.is_set():
            self._go.wait()
            for device in range(DEVICES):
                n += 1
                late = rng.randrange(300_000) if rng.random() < 0.05 else 0
                body: dict[str, Any] = {f"m{k}": n + k / 10 for k in range(METRICS)}
                # No two of a device alike: another value for the same time would be a conflict.
                body["ts"] = round(time.time() * 1_000) - late + n % 1_000 / 1_000
                self.rows += METRICS
                topic = f"devices/d{device}/telemetry"
                self._waiting.append(self._client.publish(topic, json.dumps(body), 1))
            time.sleep(0.1)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Publish nothing; every packet before is with the broker."""
        self._go.clear()
        time.sleep(0.3)  # the round that runs ends
        for info in self._waiting:
            info.wait_for_publish(30)
        self._waiting.clear()
        yield
        self._go.set()

    def stop(self) -> None:
        self._stop.set()
        self._go.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()


class Cutter:
    """What can be cut: each method cuts, and mends."""

    def __init__(self, plant: Plant, page: Watched, gate: Proxy, rng: random.Random) -> None:
        self.plant, self.page, self.gate, self.rng = plant, page, gate, rng
        self.workers = [plant.worker(state="up"), plant.worker()]
        self.marks: list[int] = []
        self.kinds: list[Callable[[], None]] = [
            *(self.network, self.stalled, self.asleep, self.web, self.layer),
            *(self.worker, self.frozen_slot, self.corrected),
        ]

    def network(self) -> None:
        self.gate.mode = "closed"
        self.gate.cut()
        self._wait()
        self.gate.mode = "pass"

    def stalled(self) -> None:
        self.gate.mode = "stall"
        self._wait()
        self.gate.mode = "pass"

    def asleep(self) -> None:
        session = self.page.context.new_cdp_session(self.page.page)
        session.send("Page.setWebLifecycleState", {"state": "frozen"})
        self._wait()
        session.send("Page.setWebLifecycleState", {"state": "active"})
        session.detach()

    def web(self) -> None:
        web = next(p for p in self.plant.processes if p.name == "web" and p.returncode is None)
        web.stop(self.rng.choice([signal.SIGKILL, signal.SIGTERM]))
        self._wait()
        self.plant.web()

    def layer(self) -> None:
        self.plant.layer.kill()
        self._wait()
        self.plant.layer.start()

    def worker(self) -> None:
        at = self.rng.randrange(2)
        self.workers[at].stop(self.rng.choice([signal.SIGKILL, signal.SIGTERM]))
        self._wait()
        self.workers[at] = self.plant.worker(wait=False)

    def frozen_slot(self) -> None:
        worker: Process = self.rng.choice(self.workers)
        worker.send(signal.SIGSTOP)
        self._wait()
        worker.send(signal.SIGCONT)

    def corrected(self) -> None:
        series, low = self.plant.sql(
            "SELECT series_id, ts FROM devices_reading ORDER BY random() LIMIT 1"
        )[0]
        undo = f"corrections.undo(Correction.objects.get(pk={self.marks.pop()}), None)\n" if (
            len(self.marks) > 2
        ) else ""  # fmt: skip
        code = (
            "from devices import corrections\nfrom devices.models import Correction\n"
            f"{undo}print(corrections.correct({series}, {low}, {low + 20_000_000}, "
            "'bad', 'tested', None).pk)"
        )
        self.marks.append(int(self.plant.manage("shell", "-v", "0", "-c", code)))

    def _wait(self) -> None:
        self.page.page.wait_for_timeout(self.rng.uniform(100, 2_500))


def stored(plant: Plant) -> dict[str, list[list[Any]]]:
    """Return the rows that count, by key: what is marked does not."""
    found: dict[str, list[list[Any]]] = {}
    for key, metric, ts, value in plant.sql(
        "SELECT d.key, s.metric, r.ts, r.value FROM devices_reading r "
        "JOIN devices_series s ON s.id = r.series_id JOIN devices_device d ON d.id = s.device_id "
        "WHERE NOT EXISTS (SELECT FROM devices_correction c WHERE c.series_id = r.series_id "
        "AND r.ts BETWEEN c.since AND c.until AND c.undone_at IS NULL) ORDER BY r.ts"
    ):
        found.setdefault(f"{key}/{metric}", []).append([ts / 1_000, value, None, None])
    return found


def test_whatever_is_cut_the_page_ends_with_what_is_stored(whole_plant: Plant) -> None:
    plant, rng = whole_plant, random.Random(int(os.environ.get("CUTS_SEED", "5")))
    plant.env |= {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "cuts", "MQTT_SHARING": "always"}
    web = plant.web()
    plant.add_user()
    with chromium() as browser, proxy(plant.web_port, mqtt=False) as gate:
        page = Watched(browser, f"http://127.0.0.1:{gate.port}")
        page.log_in()
        page.goto("/status")
        cutter, stream = Cutter(plant, page, gate, rng), Stream(plant)
        try:
            wait_until(lambda: plant.count("devices_series") == DEVICES * METRICS, "50 series")
            probe = page.page.evaluate_handle(OPEN, SUBS)
            done: list[str] = []
            for number in range(CUTS):
                cut = cutter.kinds[number % len(cutter.kinds)]
                done.append(cut.__name__)
                cut()
                if number % 5 == 4 or number == CUTS - 1:
                    with stream.held():
                        wait_until(lambda: plant.count() == stream.rows, "every row", 90)
                        settle(plant, page, probe, done)
        finally:
            stream.stop()
        assert [words for words in page.problems if "net::ERR" not in words] == []
    assert web.pid > 0


def settle(plant: Plant, page: Watched, probe: Any, done: list[str]) -> None:
    """Wait until all is stored and shown; compare with a fresh load and with the database."""
    wait_until(lambda: page.page.evaluate("p => p.socket.link.state", probe) == "live", "live", 60)
    until, rows, seen = time.monotonic() + 20, stored(plant), page.page.evaluate(READ, probe)
    while differences(seen["rows"]["series"], rows) and time.monotonic() < until:
        page.page.wait_for_timeout(300)
        seen = page.page.evaluate(READ, probe)
    assert differences(seen["rows"]["series"], rows) == "", done
    fresh = page.page.evaluate_handle(OPEN, SUBS)
    page.wait_for(fresh, "p => Object.values(p.stores).every(s => s.columns.size === 50)")
    other = page.page.evaluate(READ, fresh)
    page.page.evaluate("p => p.socket.disconnect()", fresh)
    seen = page.page.evaluate(READ, probe)
    assert seen["rows"]["bin"] == other["rows"]["bin"] == 0
    assert seen["bins"]["bin"] == other["bins"]["bin"] > 0
    for kind in SUBS:
        assert differences(seen[kind]["series"], other[kind]["series"], kind) == "", (kind, done)


def differences(one: Any, other: Any, kind: str = "rows") -> str:
    """Return in words how two pages differ; "" where they do not."""
    if one.keys() != other.keys():
        return f"series {sorted(one.keys() ^ other.keys())}"
    start = max((min((row[0] for row in rows), default=0) for rows in other.values()), default=0)
    for key, rows in other.items():
        mine = [row for row in one[key] if row[0] >= start]
        theirs = [row for row in rows if row[0] >= start]
        if kind == "latest":
            mine, theirs = mine[-1:], theirs[-1:]
        if mine != theirs:
            more = [row for row in mine if row not in theirs][:3]
            less = [row for row in theirs if row not in mine][:3]
            return f"{key}: {len(mine)} and {len(theirs)}; too many {more}, missing {less}"
    return ""
