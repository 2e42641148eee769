"""`manage.py discover` at a real broker: what it proposes, makes, refuses, and never publishes."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from django.core.management import CommandError, call_command
from paho.mqtt.enums import CallbackAPIVersion

from devices.models import Broker, Device, Source
from mqtt_ingest import brokers, conf
from tests.support import services
from tests.support.services import free_port, wait_until

pytestmark = [pytest.mark.usefixtures("tables"), pytest.mark.services]
BASE = "zigbee2mqtt"
DEVICES = [
    {
        "ieee_address": "0x0001",
        "friendly_name": "cellar",
        "type": "EndDevice",
        "definition": {
            "model": "TH1",
            "vendor": "Acme",
            "exposes": [
                {"type": "numeric", "property": "temperature", "unit": "°C"},
                {"type": "numeric", "property": "mood", "unit": "flurbs"},
            ],
        },
    }
]


@pytest.fixture(scope="module")
def broker() -> Iterator[services.Service]:
    with services.mosquitto() as service:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", service.port)
        client.loop_start()
        retained = {
            f"{BASE}/bridge/devices": json.dumps(DEVICES),
            f"{BASE}/cellar": '{"temperature": 11.5, "mood": 3}',
            "hall/press-1/oil/temperature": "41.5",
            "hall/press-2/oil/temperature": "42.5",
        }
        for topic, payload in retained.items():
            client.publish(topic, payload, 1, retain=True).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        yield service


def discover(*arguments: str) -> str:
    out = StringIO()
    call_command("discover", "--seconds", "0.6", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def url(broker: services.Service, settings: Any) -> str:
    settings.MQTT_URL = f"mqtt://127.0.0.1:{broker.port}"
    settings.MQTT_URL_GIVEN = True
    return str(settings.MQTT_URL)


def test_what_would_be_read_is_shown_and_nothing_is_made(url: str) -> None:
    said = discover()
    assert "Zigbee2MQTT: 2 topics, 1 device" in said
    assert "cellar: temperature 11.5 °C" in said
    assert "values: hall/{device}/{metric*} (2 names at one level" in said
    assert "--accept-all makes these Sources" in said
    assert list(Source.objects.values_list("name", flat=True)) == ["native"]


def test_accepting_makes_sources_that_are_read_at_once(url: str) -> None:
    told = json.loads(discover("--accept-all", "--json"))
    assert told["accepted"] == ["zigbee2mqtt", "structure"]
    assert {route.source for route in conf.routes()} == {"native", "zigbee2mqtt", "structure"}
    assert "hall/+/#" in conf.filters().spread
    assert "zigbee2mqtt/#" in conf.filters().ordered
    source = Source.objects.get(name="zigbee2mqtt")
    assert source.registration == "accept"
    again = json.loads(discover("--accept-all", "--json"))
    assert (again["proposals"], again["accepted"]) == ([], [])


def test_json_names_devices_with_values_units_and_reasons(url: str) -> None:
    told = json.loads(discover("--json"))
    assert (told["packets"], told["topics"], told["topics_left_out"]) == (4, 4, 0)
    zigbee, structure = told["proposals"]
    (device,) = zigbee["devices"]
    assert (device["name"], device["model"]) == ("cellar", "TH1")
    assert device["values"]["temperature"] == {"value": 11.5, "unit": "°C"}
    assert structure["templates"][0]["reasons"]
    assert (zigbee["unknown_units"], structure["unknown_units"]) == (["flurbs"], [])


def test_nothing_is_published(broker: services.Service, url: str) -> None:
    heard: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _d, message: heard.append(message.topic)
    granted: list[int] = []
    client.on_subscribe = lambda *_: granted.append(1)
    client.connect("127.0.0.1", broker.port)
    client.subscribe("#", options=None)
    client.loop_start()
    wait_until(lambda: granted and len(heard) == 4, "the retained messages")
    discover("--accept-all")
    client.publish("mark", "1", 1).wait_for_publish(10)
    wait_until(lambda: "mark" in heard, "the mark")
    client.disconnect()
    client.loop_stop()
    assert len(heard) == 5
    assert not Device.objects.exists()


def test_a_broker_that_is_not_there_is_named(settings: Any) -> None:
    port = free_port()
    with pytest.raises(CommandError, match=f"mqtt://127.0.0.1:{port} cannot be reached"):
        discover(f"mqtt://127.0.0.1:{port}")


def test_another_broker_is_added_with_what_it_carries_and_stays_silent(
    broker: services.Service,
) -> None:
    address = f"mqtt://me:s%40me@127.0.0.1:{broker.port}"
    told = json.loads(discover(address, "--json"))
    assert [one["convention"] for one in told["proposals"]] == ["zigbee2mqtt", "templates"]
    assert not Broker.objects.exists(), "nothing is made unless it is asked for"
    told = json.loads(discover(address, "--accept-all", "--json"))
    assert told["accepted"] == ["zigbee2mqtt-127-0-0-1", "structure-127-0-0-1"]
    row = Broker.objects.get()
    assert (row.addresses, row.username, row.canary, row.enabled) == (
        *(f"mqtt://127.0.0.1:{broker.port}", "me", False, True),
    )
    assert brokers.of_row(row).password == "s@me"
    assert "s@me" not in row.password
    assert {source.broker for source in Source.objects.exclude(name="native")} == {row}
    assert [route.source for route in conf.routes()] == ["native"]
    assert "zigbee2mqtt/#" in conf.filters(row.name).ordered
    again = json.loads(discover(row.name, "--accept-all", "--json"))
    assert (again["proposals"], again["accepted"]) == ([], [])


@pytest.mark.parametrize("bad", ["http://x", "mqtt://a:b:c", "mqtt://u:a/b@host"])
def test_what_is_no_brokers_address_says_so(bad: str) -> None:
    with pytest.raises(CommandError, match=f"'{bad}' is no broker's address"):
        discover(bad)
