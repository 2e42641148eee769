"""10,000 QoS 1 packets of 3 values over 200 devices become exactly 30,000 rows.

Half of the packets carry their own time; the other half is stored at arrival, where
a redelivery must not make a second row.
"""

import json
import os
import signal
import time

import pytest

from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services

PACKETS, DEVICES = 10_000, 200
# `make faults` sets more: the moments of the faults differ from round to round.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
rounds = pytest.mark.parametrize("turn", range(ROUNDS))


def packets(count: int = PACKETS) -> list[tuple[str, str]]:
    start = int(time.time() * 1_000) - count
    made = []
    for n in range(count):
        values = {"temperature": 20 + n / 1_000, "pressure": n, "running": n % 2 == 0}
        own_time = {"ts": start + n} if n % 400 < 200 else {}
        made.append((f"devices/d{n % DEVICES}/telemetry", json.dumps({**own_time, **values})))
    return made


def assert_exact(plant: Plant, rows: int = 3 * PACKETS) -> None:
    wait_until(lambda: plant.count() >= rows, f"{rows} rows, there are {plant.count()}", 60)
    pressures = plant.sql(
        "SELECT count(*), count(DISTINCT value) FROM devices_reading r "
        "JOIN devices_series s ON s.id = r.series_id WHERE s.metric = 'pressure'"
    )
    assert pressures == [(rows // 3, rows // 3)]
    assert plant.count() == rows
    assert plant.count("mqtt_ingest_deadletter") == 0


def queue_is_empty(plant: Plant) -> bool:
    """Nothing is unacknowledged at the broker once a second read brings nothing."""
    before = plant.sql("SELECT sum(packets) FROM devices_writer")
    time.sleep(0.5)
    return plant.sql("SELECT sum(packets) FROM devices_writer") == before


def test_one_worker(plant: Plant) -> None:
    worker = plant.worker()
    publish(plant, packets())
    assert_exact(plant)
    assert worker.stop() == 0


def test_two_workers_share_two_slots(plant: Plant) -> None:
    two = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "iotbridge", "MQTT_SHARING": "always"}
    plant.worker(**two)
    plant.worker(**two)
    wait_until(
        lambda: (
            plant.sql(
                "SELECT count(DISTINCT holder) FROM devices_writer "
                "WHERE holder <> '' AND filters::text <> '[]'"
            )
            == [(2,)]
        ),
        "each worker to hold one slot",
        30,
    )
    publish(plant, packets())
    assert_exact(plant)
    shares = plant.sql("SELECT packets FROM devices_writer ORDER BY name")
    assert all(share > PACKETS / 10 for (share,) in shares), shares


@rounds
def test_sigterm_and_restart_in_the_middle(plant: Plant, turn: int) -> None:
    worker = plant.worker()
    made = packets()
    publish(plant, made[:3_000])
    client = plant.client()
    waiting = [client.publish(topic, payload, 1) for topic, payload in made[3_000:]]
    wait_until(lambda: plant.count() > 12_000 + 700 * turn, "some rows of the second part")
    assert worker.stop(signal.SIGTERM) == 0
    plant.worker()
    for info in waiting:
        info.wait_for_publish(60)
    assert_exact(plant)


@rounds
def test_kill_in_the_middle(plant: Plant, turn: int) -> None:
    worker = plant.worker()
    client = plant.client()
    waiting = [client.publish(topic, payload, 1) for topic, payload in packets()]
    wait_until(lambda: plant.count() > 6_000 + 700 * turn, "some rows")
    worker.stop(signal.SIGKILL)
    plant.worker(wait=False)
    for info in waiting:
        info.wait_for_publish(60)
    assert_exact(plant)


HOLDER = "SELECT holder FROM devices_writer WHERE name = 'ingest-0'"


@rounds
def test_frozen_worker_is_fenced_when_it_wakes(plant: Plant, turn: int) -> None:
    frozen = plant.worker()
    other = plant.worker(state="idle")
    client = plant.client()
    waiting = [client.publish(topic, payload, 1) for topic, payload in packets()]
    wait_until(lambda: plant.count() > 3_000 + 700 * turn, "some rows")
    holder = plant.sql(HOLDER)[0][0]
    if f"-{frozen.pid}-" not in holder:
        frozen, other = other, frozen
    frozen.send(signal.SIGSTOP)
    wait_until(
        lambda: f"-{other.pid}-" in plant.sql(HOLDER)[0][0],
        "the slot to be taken over",
        20,
    )
    wait_until(lambda: plant.count() > 15_000, "rows of the other worker", 30)
    frozen.send(signal.SIGCONT)
    for info in waiting:
        info.wait_for_publish(60)
    assert_exact(plant)
    wait_until(lambda: queue_is_empty(plant), "the broker's queue to be empty")
    assert_exact(plant)
    assert frozen.returncode is None
    assert f"-{other.pid}-" in plant.sql(HOLDER)[0][0]
    wait_until(
        lambda: "was taken over" in frozen.text() or "is over" in frozen.text(),
        "the woken worker to say that it lost the slot",
    )
    assert frozen.returncode is None, frozen.text()
