"""Workers that are killed while they export and import: the files and the rows are whole."""

import csv
import json
import signal
import time
import urllib.request
from typing import Any

from tests.faults.load_harness import short_or_long
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

DEVICES, READINGS = 20, 4_000
ENV = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "bridge", "MQTT_SHARING": "always"}


def call(plant: Plant, token: str, path: str, body: bytes | None = None, kind: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind or "application/json"}
    request = urllib.request.Request(f"{plant.base}/api/v1{path}", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
    return content if path.endswith("/file") else json.loads(content)


def test_kill_9_of_workers_that_export_and_import(plant: Plant) -> None:
    workers = [plant.worker(**ENV), plant.worker(wait=False, **ENV)]
    plant.web()
    plant.add_user()
    token = plant.token()
    now = int(time.time() * 1_000)
    publish(
        plant,
        [
            (
                f"devices/d{number}/telemetry",
                json.dumps([{"ts": now - (at + n) * 1_000, "v": (at + n) / 8} for n in range(500)]),
            )
            for number in range(DEVICES)
            for at in range(0, READINGS, 500)
        ],
    )
    wait_until(lambda: plant.count() == DEVICES * READINGS, "every reading", 120)
    before = plant.sql("SELECT series_id, ts, value FROM devices_reading ORDER BY 1, 2")

    asked = call(plant, token, "/exports", json.dumps({"keys": ["*"]}).encode())
    _killing(plant, workers, asked["id"])
    content = call(plant, token, f"/jobs/{asked['id']}/file")
    rows = list(csv.reader(content.decode().splitlines()))
    assert len(rows) == 1 + DEVICES * READINGS
    assert len({tuple(row[:3]) for row in rows}) == len(rows)

    plant.sql("DELETE FROM devices_reading WHERE ts % 3000000 <> 0")
    told = call(plant, token, "/imports?name=it.csv", content, "text/csv")
    started = call(plant, token, f"/imports/{told['id']}/start", b"{}")
    _killing(plant, workers, started["id"])
    found = call(plant, token, f"/jobs/{started['id']}")
    assert found["result"]["bad"] == 0
    assert plant.sql("SELECT series_id, ts, value FROM devices_reading ORDER BY 1, 2") == before


def _killing(plant: Plant, workers: list[Any], number: int) -> None:
    """Kill whoever does the job, as often as it has got on a little."""
    killed = 0
    for _ in range(short_or_long(1, 5)):
        before = _done(plant, number)
        wait_until(lambda before=before: _done(plant, number) != before, "the job to move", 60)
        (state, holder), *_rest = plant.sql(
            f"SELECT state, holder FROM devices_job WHERE id = {number}"
        )
        if state == "done":
            break
        for worker in list(workers):
            if f"-{worker.pid}-" in holder:
                workers.remove(worker)
                worker.stop(signal.SIGKILL)
                killed += 1
                workers.append(plant.worker(wait=False, **ENV))
    wait_until(lambda: _state(plant, number) == "done", "the job's end", 120)
    assert killed


def _done(plant: Plant, number: int) -> tuple[Any, ...]:
    return plant.sql(f"SELECT done, state FROM devices_job WHERE id = {number}")[0]


def _state(plant: Plant, number: int) -> str:
    return str(plant.sql(f"SELECT state FROM devices_job WHERE id = {number}")[0][0])
