"""What pages do with a Source: a dry run at a real broker, and kept packets that become history."""

import json
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.models import Broker, Device, Reading, Source
from devices.source_port import port
from devices.storage import dialects, leases
from mqtt_ingest import conf
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.models import DeadLetter
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.support import services
from tests.support.factories import ARRIVAL, make_batch
from tests.support.services import free_port

pytestmark = pytest.mark.usefixtures("tables")
TEMPLATES = {"templates": [{"topic": "hall/{device}/{metric}"}]}


def keep(topic: str, payload: str, slot: str = "ingest-0") -> None:
    """Take a packet in as a slot does; what no Source reads is kept."""
    writer = SlotWriter(slot, dialects.dialect())
    writer.epoch = leases.acquire(slot, "me", dialects.dialect()) or 0
    packet = Packet(topic, payload.encode(), ARRIVAL, 1, packet_id=len(topic))
    writer.store(make_batch(decode(packet, Router(conf.routes()))))
    leases.release(slot, writer.epoch)


@pytest.fixture(scope="module")
def broker() -> Iterator[services.Service]:
    with services.mosquitto() as service:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", service.port)
        client.loop_start()
        for topic, payload in {
            "hall/press/t": "21.5",
            "hall/press/bad/deep": "1",
            "devices/a/telemetry": '{"x": 1}',
            "yard/gate": "open",
        }.items():
            client.publish(topic, payload, 1, retain=True).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        yield service


@pytest.mark.services
def test_a_dry_run_shows_what_would_be_read_and_stores_nothing(
    broker: services.Service, settings: Any
) -> None:
    settings.STANDALONE = False
    settings.MQTT_URL = f"mqtt://127.0.0.1:{broker.port}"
    keep("hall/lathe/t", "7")
    source = Source.objects.create(name="mine", convention="templates", options=TEMPLATES)
    found = port().try_out(source, 0.5)
    assert {(one.topic, one.lines, one.is_read, one.is_kept) for one in found.packets} == {
        ("hall/press/t", ("press/t = 21.5",), True, False),
        ("hall/lathe/t", ("lathe/t = 7",), True, True),
    }
    assert sorted(found.unread) == ["hall/press/bad/deep", "yard/gate"]
    assert found.problem == ""
    assert not Device.objects.exists()
    assert DeadLetter.objects.count() == 1


def test_a_broker_that_is_away_is_told_and_kept_packets_are_tried(settings: Any) -> None:
    settings.STANDALONE, settings.MQTT_URL = False, f"mqtt://127.0.0.1:{free_port()}"
    keep("hall/lathe/t", "7")
    source = Source.objects.create(name="mine", convention="templates", options=TEMPLATES)
    found = port().try_out(source, 0.5)
    assert "cannot be reached" in found.problem
    assert [one.topic for one in found.packets] == ["hall/lathe/t"]


def test_kept_packets_become_history_once_a_template_reads_them(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"
    keep("hall/lathe/t", "7")
    keep("hall/lathe/u", "8")
    keep("yard/gate", "open")
    home = Broker.objects.create(name="home", addresses="mqtt://h:1")
    keep("hall/other/t", "9", "home-ingest-0")
    source = Source.objects.create(name="mine", convention="templates", options=TEMPLATES)
    assert port().kept(source) == 2
    assert "2 readings" in port().read_kept(source)
    assert sorted(Reading.objects.values_list("value", flat=True)) == [7.0, 8.0]
    assert sorted(DeadLetter.objects.values_list("topic", flat=True)) == [
        *("hall/other/t", "yard/gate"),
    ]
    source.broker = home
    assert port().kept(source) == 1
    assert port().kept(Source.objects.create(name="x", convention="templates")) == 0


def test_a_kept_packet_is_an_example_of_a_template() -> None:
    payload = {"id": "press-7", "oil": {"temp": 40.5}, "ts": 1_790_000_000_000}
    keep("plant/north/press-7/state", json.dumps(payload))
    letter = DeadLetter.objects.get()
    broker, options = port().example(letter.pk)
    assert broker == ""
    source = Source.objects.create(name="mine", convention="templates", options=options)
    assert port().kept(source) == 1
    (field,) = port().fields(source)
    assert port().options(source, {"templates": field.value}) == options
    with pytest.raises(LookupError):
        port().example(letter.pk + 1)


def test_an_unknown_convention_keeps_its_name() -> None:
    assert port().label("nobody") == "nobody"
    assert port().label("zigbee2mqtt") == "Zigbee2MQTT"
