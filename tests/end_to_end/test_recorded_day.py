"""A recorded day goes from MQTT to rows and to a moving chart in a browser."""

import csv
import json
import math
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import ROOT, wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
RECORDINGS = ROOT.parent / "shared" / "data"


def own_day(folder: Path) -> Path:
    """A day of our own making with what real ones have: gaps, repeats, jumps back, conflicts."""
    rng = random.Random(7)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    path = folder / "own-day.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "temperature", "humidity"])
        at = start
        for n in range(1_440):
            at += timedelta(seconds=60 if n % 200 else 5_400 if n == 400 else -900)
            values = [f"{20 + 3 * math.sin(n / 200):.2f}", f"{40 + rng.random():.1f}"]
            rows.writerow([f"{at:%Y-%m-%d %H:%M:%S}", *values])
    return path


def expected(path: Path) -> dict[str, Any]:
    """Return the distinct rows of a recording: the first value of each time stays."""
    found: dict[tuple[str, str], str] = {}
    conflicts = 0
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            stamp = row.pop("timestamp")
            differs = False
            for metric, text in row.items():
                kept = found.setdefault((metric, stamp), text)
                differs |= float(kept) != float(text)
            conflicts += differs
    return {"rows": len(found), "conflicts": conflicts}


def test_exactly_the_distinct_rows_of_a_recorded_day(plant: Plant) -> None:
    plant.worker()
    paths = [own_day(plant.folder)]
    real = RECORDINGS / "nab"
    if real.is_dir():
        paths += [
            real / "machine_temperature_system_failure.csv",
            real / "ec2_disk_write_bytes_1ef3de.csv",
        ]
    else:
        print("Left out: the real recordings are not beside this repository.")
    printed = plant.manage("replay", "--fast", *map(str, paths))
    assert "acknowledged by the broker" in printed
    for path in paths:
        want = expected(path)
        query = (
            "SELECT count(*) FROM devices_reading r JOIN devices_series s ON s.id = r.series_id "
            f"JOIN devices_device d ON d.id = s.device_id WHERE d.key = '{path.stem}'"
        )
        wait_until(lambda q=query, w=want: plant.sql(q) == [(w["rows"],)], f"{path.stem}", 60)  # type: ignore[misc]
        letters = plant.sql(
            "SELECT count(*) FROM mqtt_ingest_deadletter WHERE reason = 'conflict' "
            f"AND device_key = '{path.stem}'"
        )
        assert letters == [(want["conflicts"],)], path.stem


def test_the_last_value_and_a_moving_chart_in_the_browser(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    path = own_day(plant.folder)
    plant.manage("replay", "--fast", "--end-now", str(path))
    wait_until(lambda: plant.count() >= expected(path)["rows"], "the recorded day", 30)
    with path.open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    with chromium() as browser:
        page = Watched(browser, plant.base, viewport={"width": 1280, "height": 800})
        page.log_in()
        page.goto("/devices/own-day/?range=24h")
        page.wait_live()
        newest = float(last["temperature"])
        value = "figure[data-metric=temperature] [data-cell=value]"
        page.wait(f"parseFloat(document.querySelector('{value}').textContent) === {newest}")
        plot = "document.querySelector('figure[data-metric=temperature] canvas').toDataURL()"
        page.page.wait_for_selector("figure[data-metric=temperature] canvas")
        before = page.page.evaluate(plot)
        publish(plant, [("devices/own-day/telemetry", json.dumps({"temperature": 33.25}))])
        page.wait(f"document.querySelector('{value}').textContent === '33.25'", seconds=3)
        page.wait(f"{plot} !== {json.dumps(before)}")
        page.page.click("figure[data-metric=temperature] summary")
        page.wait(
            "document.querySelector('figure[data-metric=temperature] tbody td + td')"
            ".textContent.includes('33.25')"
        )
        page.shot("device-page")
        assert page.problems == []
        assert page.foreign == []


def test_hostile_names_and_texts_are_harmless(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    attack = "<img src=x onerror=alert(1)>"
    values = json.dumps({attack: 1, "note": attack, "t": 5})
    publish(plant, [(f"devices/{attack}/telemetry", values)])
    wait_until(lambda: plant.count() == 3, "the hostile device")
    key = plant.sql("SELECT key FROM devices_device")[0][0]
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.page.on("dialog", lambda dialog: page.problems.append(dialog.message))
        page.log_in()
        page.wait_live()
        for path in ("/", f"/devices/{key}/", "/inspect", "/status"):
            page.goto(path)
            page.wait_live()
            publish(plant, [(f"devices/{attack}/telemetry", values)])
            time.sleep(0.3)
        assert page.page.locator('img[src="x"]').count() == 0
        assert page.problems == []
        assert page.foreign == []
