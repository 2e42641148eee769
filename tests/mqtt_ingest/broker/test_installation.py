"""Under which names an installation is known to its broker."""

import json
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from devices.models import Writer
from mqtt_ingest.broker import installation
from mqtt_ingest.models import Installation
from tests.support import stack as plants
from tests.support.services import wait_until
from tests.support.stack import Plant, publish


@pytest.mark.usefixtures("tables")
def test_a_new_installation_makes_its_names_once() -> None:
    first = installation.read()
    assert installation.read() == first
    Installation.objects.all().delete()
    assert not set(installation.read()) & set(first)


@pytest.mark.usefixtures("tables")
def test_the_settings_win(settings: Any) -> None:
    settings.MQTT_CLIENT_ID, settings.MQTT_SHARED_GROUP = "mine", "ours"
    assert installation.read() == ("mine", "ours")


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(("writer", "kept"), [("ingest-0", True), ("import", False)])
def test_one_that_has_run_keeps_the_names_its_broker_queues_under(writer: str, kept: bool) -> None:
    Writer.objects.create(name=writer)
    import_module("mqtt_ingest.migrations.0003_installation").keep_names(apps, None)
    assert (installation.read() == ("iotbridge", "iotbridge")) is kept


@pytest.mark.services
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_somebody_else_with_our_client_id_is_told(plant: Plant, version: str) -> None:
    plant.worker(MQTT_VERSION=version)
    publish(plant, [("devices/a/telemetry", json.dumps({"n": 1}))])
    other = plants.mqtt.Client(
        plants.CallbackAPIVersion.VERSION2,
        client_id=f"{plant.client_id}-ingest-0",
        clean_session=False,
    )
    other.reconnect_delay_set(1, 1)
    other.connect("127.0.0.1", plant.broker.port)
    other.loop_start()
    try:
        words = "red: Another client uses our MQTT client id"
        wait_until(lambda: words in plant.manage("status"), "the condition", 40)
    finally:
        other.disconnect()
        other.loop_stop()


@pytest.mark.services
def test_a_broker_that_restarts_is_no_other_client(plant: Plant) -> None:
    plant.worker()
    up = "SELECT info->'slots'->'ingest-0'->>'state' FROM devices_process WHERE kind = 'ingest'"
    for _turn in range(5):
        plant.broker.stop()
        plant.broker.start()
        wait_until(lambda: plant.sql(up) == [("subscribed",)], "the session")
    assert "Another client" not in plant.manage("status")
