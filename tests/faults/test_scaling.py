"""From two slots to one and back: nothing stays behind in a session nobody reads."""

import json

import pytest

from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services
TWO = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "iotbridge", "MQTT_SHARING": "always"}
FILTERS = "SELECT name, filters::text FROM devices_writer WHERE name LIKE 'ingest-%' ORDER BY name"


def packets(first: int, count: int) -> list[tuple[str, str]]:
    return [
        (f"devices/d{n % 50}/telemetry", json.dumps({"n": n, "ts": 1_763_681_624_000 + n}))
        for n in range(first, first + count)
    ]


def both_subscribed(plant: Plant) -> bool:
    rows = plant.sql(FILTERS)
    return len(rows) == 2 and all(filters != "[]" for _name, filters in rows)


def test_a_slot_that_is_scaled_in_is_read_out_and_its_session_ended(plant: Plant) -> None:
    worker = plant.worker(**TWO)
    wait_until(lambda: both_subscribed(plant), "two slots", 30)
    publish(plant, packets(0, 1_000))
    wait_until(lambda: plant.count() == 1_000, "the first packets", 30)
    worker.stop()
    publish(plant, packets(1_000, 1_000))  # half of them wait in the session of slot 1

    one = plant.worker(**{**TWO, "MQTT_SLOTS": "1"})
    wait_until(lambda: plant.count() == 2_000, f"what slot 1 had queued, {plant.count()}", 40)
    wait_until(lambda: "retired" in one.text(), "slot 1 to be retired", 30)
    assert plant.sql(FILTERS)[1] == ("ingest-1", "[]")
    publish(plant, packets(2_000, 1_000))
    wait_until(lambda: plant.count() == 3_000, f"all at slot 0, {plant.count()}", 30)

    one.stop()
    plant.worker(**TWO)
    wait_until(lambda: both_subscribed(plant), "two slots again", 30)
    publish(plant, packets(3_000, 1_000))
    wait_until(lambda: plant.count() == 4_000, f"all, {plant.count()}", 30)
    shares = plant.sql("SELECT packets FROM devices_writer WHERE name LIKE 'ingest-%'")
    assert all(share > 100 for (share,) in shares), shares
