"""Two slots on brokers that forget shared subscriptions, or do not know them: nothing is lost.

Debian's Mosquitto is one of those that forget them when they restart.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support import services
from tests.support import stack as plants
from tests.support.proxy import proxy
from tests.support.services import Service, wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]
TWO = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "iotbridge"}
TELEMETRY = "devices/+/telemetry/#"
NUMBERS = count()


def packets(number: int) -> list[tuple[str, str]]:
    """Distinct packets, half of them without a time of their own."""
    made = []
    for n in (next(NUMBERS) for _ in range(number)):
        own = {"ts": 1_763_681_624_000 + n} if n % 2 else {}
        made.append((f"devices/d{n % 50}/telemetry", json.dumps({"n": n, **own})))
    return made


def stored(plant: Plant) -> tuple[int, int]:
    """Return how many values there are, and how many different ones."""
    return plant.sql("SELECT count(*), count(DISTINCT value) FROM devices_reading")[0]  # type: ignore[return-value]


def all_stored(plant: Plant, number: int) -> None:
    wait_until(lambda: stored(plant)[0] >= number, f"{number} rows, not {stored(plant)}", 40)
    assert stored(plant) == (number, number)


def filters(plant: Plant) -> dict[str, list[str]]:
    rows = plant.sql("SELECT name, filters FROM devices_writer WHERE name LIKE 'ingest-%'")
    return {name: sorted(known) for name, known in rows}


def shares(plant: Plant) -> bool:
    """Return whether both slots are in the group, and slot 0 has no plain filter left."""
    group = f"$share/iotbridge/{TELEMETRY}"
    return filters(plant) == {"ingest-0": [group, "devices/+/status"], "ingest-1": [group]}


def is_plain(plant: Plant) -> bool:
    return filters(plant) == {"ingest-0": ["devices/+/status", TELEMETRY], "ingest-1": []}


def losses(plant: Plant) -> list[str]:
    return [reason for (reason,) in plant.sql("SELECT DISTINCT reason FROM devices_loss")]


def test_nothing_is_lost_when_mosquitto_restarts_while_nobody_is_there(plant: Plant) -> None:
    workers = [plant.worker(**TWO), plant.worker(wait=False, **TWO)]
    wait_until(lambda: is_plain(plant) and len(filters(plant)) == 2, "slot 0 to have all", 30)
    publish(plant, packets(500))
    all_stored(plant, 500)
    for worker in workers:
        worker.stop()
    publish(plant, packets(500))  # queued
    plant.broker.stop()
    plant.broker.start()
    publish(plant, packets(500))  # before anybody has subscribed again
    plant.worker(**TWO)
    all_stored(plant, 1_500)
    assert losses(plant) == []
    assert "share" not in plant.manage("status").lower()


def test_shared_all_the_same_the_risk_is_told_before_and_the_loss_by_name(plant: Plant) -> None:
    always = {**TWO, "MQTT_SHARING": "always"}
    workers = [plant.worker(**always), plant.worker(wait=False, **always)]
    wait_until(lambda: shares(plant), "both slots to share", 30)
    publish(plant, packets(500))
    all_stored(plant, 500)
    wait_until(
        lambda: "yellow: Packets can be lost when the broker restarts" in plant.manage("status"),
        "the risk to be told", 20,
    )  # fmt: skip
    for worker in workers:
        worker.stop()
    publish(plant, packets(100))
    plant.broker.stop()
    plant.broker.start()
    publish(plant, packets(100))  # acknowledged, and queued for nobody
    plant.worker(**always)
    wait_until(lambda: losses(plant) == ["share_forgotten"], "the named loss", 30)
    # What the broker had queued before is there.
    wait_until(lambda: stored(plant) == (600, 600), f"what was queued, {stored(plant)}", 30)
    publish(plant, packets(100))
    all_stored(plant, 700)
    assert "yellow: The broker forgot shared subscriptions" in plant.manage("status")


def test_a_broker_without_sharing_is_found_out(
    mosquitto_service: Service, redis_service: Service, postgresql_service: Service
) -> None:
    """It takes `$share/…` for a topic of that name, and says that it has subscribed it."""
    with (
        proxy(mosquitto_service.port) as gate,
        plants.plant(mosquitto_service, redis_service, postgresql_service) as plant,
    ):
        gate.mode = "unshared"
        env = {**TWO, "MQTT_SHARING": "always", "MQTT_URL": f"mqtt://127.0.0.1:{gate.port}"}
        plant.worker(**env)
        plant.worker(wait=False, **env)
        publish(plant, packets(1_000))
        verdict = "SELECT sharing FROM devices_writer WHERE name = 'ingest-0'"
        wait_until(lambda: plant.sql(verdict) == [("refused",)], "the verdict", 60)
        publish(plant, packets(1_000))
        wait_until(lambda: is_plain(plant), "slot 0 to have all", 30)
        all_stored(plant, 2_000)
        told = "yellow: The broker does not share the load"
        wait_until(lambda: told in plant.manage("status"), "it to be told", 20)


@contextmanager
def nameless(layer: Service, database: Service, folder: Path) -> Iterator[Plant]:
    """A broker that does not say what it is."""
    (folder / "rules").write_text("topic readwrite devices/#\ntopic readwrite iotbridge/#\n")
    with (
        services.mosquitto(more=f"acl_file {folder}/rules\n") as broker,
        plants.plant(broker, layer, database) as plant,
    ):
        yield plant


def test_a_broker_that_is_proven_is_shared_until_it_forgets(
    redis_service: Service, postgresql_service: Service, tmp_path: Path
) -> None:
    """And nothing is lost or stored twice while slots change to sharing and back."""
    with nameless(redis_service, postgresql_service, tmp_path) as plant:
        ended, sent = threading.Event(), [0]

        def stream() -> None:
            while not ended.is_set():
                sent[0] += publish(plant, packets(20))

        plant.worker(**TWO)
        publisher = threading.Thread(target=stream)
        publisher.start()
        try:
            plant.worker(wait=False, **TWO)
            wait_until(lambda: shares(plant), "both slots to share", 30)
            wait_until(lambda: min(_shares(plant)) > 100, "both to receive", 30)
        finally:
            ended.set()
            publisher.join()
        all_stored(plant, sent[0])
        plant.broker.stop()
        plant.broker.start()
        # By experience: from now on slot 0 has a plain filter, which is kept.
        wait_until(lambda: is_plain(plant), "slot 0 to have all", 40)
        assert losses(plant) == ["share_forgotten"]
        before = stored(plant)[0]
        publish(plant, packets(200))
        all_stored(plant, before + 200)


def _shares(plant: Plant) -> list[int]:
    rows = plant.sql("SELECT packets FROM devices_writer WHERE name LIKE 'ingest-%'")
    return [number for (number,) in rows]
