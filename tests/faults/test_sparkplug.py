"""Sparkplug over a kill -9: births outlive the worker, and what misses one is asked for."""

import signal
from collections.abc import Iterator

import pytest

from mqtt_ingest.core.conventions.sparkplug.payload import read
from tests.support.services import wait_until
from tests.support.sparkplug import field, metric
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services
T0 = 1_764_400_000_000  # ms
VALUES = "SELECT r.value FROM devices_reading r ORDER BY r.ts"


def payload(seq: int, told: bytes) -> bytes:
    return field(1, T0 + 1_000 * seq) + field(2, told) + field(3, seq)


def data(first: int, count: int, node: str = "n") -> Iterator[tuple[str, bytes]]:
    for seq in range(first, first + count):
        yield f"spBv1.0/g/NDATA/{node}", payload(seq, metric(value=seq, alias=7))


@pytest.fixture
def sparkplug(plant: Plant) -> Plant:
    plant.sql(
        "INSERT INTO devices_source (name, convention, filters, registration, clock, shared, "
        "enabled, options) VALUES ('spark', 'sparkplug_b', '[]', 'accept', 'sane', true, true, "
        "'{\"rebirth\": true}')"
    )
    return plant


def test_a_birth_outlives_its_worker_and_a_missing_one_is_asked_for(sparkplug: Plant) -> None:
    plant = sparkplug
    worker = plant.worker()
    publish(plant, [("spBv1.0/g/NBIRTH/n", payload(0, metric("Speed", 0, alias=7, kind=3)))])
    publish(plant, list(data(1, 9)))
    wait_until(lambda: plant.count() == 10, f"what came before, {plant.count()}", 30)
    worker.send(signal.SIGKILL)
    publish(plant, list(data(10, 50)))

    heard: list[tuple[str, bytes]] = []
    client = plant.client()
    client.on_message = lambda _c, _d, message: heard.append((message.topic, message.payload))
    granted: list[int] = []
    client.on_subscribe = lambda *_: granted.append(1)
    client.subscribe("spBv1.0/+/NCMD/#", 1)
    wait_until(lambda: granted, "the subscription")
    plant.worker()
    wait_until(lambda: plant.count() == 60, f"what came meanwhile, {plant.count()}", 30)
    assert [value for (value,) in plant.sql(VALUES)] == list(range(60))

    publish(plant, list(data(5, 3, "stranger")))
    wait_until(lambda: heard, "a rebirth that is asked for", 20)
    publish(plant, list(data(62, 1)))  # 60 and 61 are missing
    wait_until(lambda: len(heard) == 2, "another one", 20)
    client.disconnect()
    client.loop_stop()
    assert [topic for topic, _payload in heard] == ["spBv1.0/g/NCMD/stranger", "spBv1.0/g/NCMD/n"]
    told = read(heard[0][1])
    assert [one.name for one in told.metrics] == ["Node Control/Rebirth"]
    assert told.metrics[0].value(None) is True
    assert told.timestamp
    reasons = plant.sql("SELECT DISTINCT reason, topic FROM mqtt_ingest_deadletter")
    assert reasons == [("no_birth", "spBv1.0/g/NDATA/stranger")]


def test_two_slots_read_what_one_would(sparkplug: Plant) -> None:
    """Aliases and births stay in one slot; whoever takes it over knows them."""
    plant = sparkplug
    nodes = ["a", "b", "c", "d"]
    workers = [plant.worker(wait=False, MQTT_SLOTS="2") for _ in range(2)]
    held = "SELECT name, holder FROM devices_writer WHERE name LIKE 'ingest-%' AND holder <> ''"
    wait_until(lambda: len(plant.sql(held)) == 2, "both slots to be held", 60)
    known = "SELECT filters FROM devices_writer WHERE name = 'ingest-0'"
    wait_until(lambda: plant.sql(known) != [([],)], "its filters", 30)
    for node in nodes:
        birth = payload(0, metric("Speed", 0, alias=7, kind=3))
        publish(plant, [(f"spBv1.0/g/NBIRTH/{node}", birth)])
    for first in (1, 11):
        for node in nodes:
            publish(plant, list(data(first, 10, node)))
        if first == 1:
            wait_until(lambda: plant.count() >= 44, f"the first, {plant.count()}", 60)
            # Whoever holds slot 0 goes, between births and data.
            (holder,) = [who for name, who in plant.sql(held) if name == "ingest-0"]
            next(w for w in workers if f"-{w.pid}-" in holder).send(signal.SIGKILL)
    wait_until(lambda: plant.count() >= 84, f"all of it, {plant.count()}", 60)
    per_node = plant.sql(
        "SELECT d.key, array_agg(r.value ORDER BY r.ts) FROM devices_reading r "
        "JOIN devices_series s ON s.id = r.series_id JOIN devices_device d ON d.id = s.device_id "
        "GROUP BY d.key ORDER BY d.key"
    )
    assert [values for _key, values in per_node] == [list(range(21))] * 4
    assert plant.sql("SELECT topic FROM mqtt_ingest_deadletter") == []
