"""How brokers are reached, and which slots they have."""

from typing import Any

import pytest
import trustme

from devices.models import Broker, Writer
from devices.models.slot_names import SlotName
from devices.registry.brokers import add
from mqtt_ingest import brokers
from mqtt_ingest.brokers import NEW

pytestmark = pytest.mark.usefixtures("tables")


def test_the_embedded_broker_is_reached_where_it_listens(settings: Any) -> None:
    settings.STANDALONE, settings.MQTT_URL_GIVEN = True, False
    settings.MQTT_BIND, settings.MQTT_PORT, settings.MQTT_PASSWORD = "0.0.0.0", 1999, "word"
    assert brokers.first().where == "mqtt://127.0.0.1:1999"
    settings.MQTT_BIND = "10.0.0.7"
    found = brokers.first()
    assert (found.where, found.password) == ("mqtt://10.0.0.7:1999", "word")
    settings.MQTT_URL_GIVEN, settings.MQTT_URL = True, "mqtts://u:p@b.example"
    assert brokers.first().where == "mqtts://b.example:8883"


def slots() -> list[tuple[str, bool, bool]]:
    return [(one.slot.text, one.leaves, one.is_off) for one in brokers.wanted()]


def test_each_broker_has_slots_of_its_own(settings: Any) -> None:
    settings.MQTT_SLOTS = 2
    Broker.objects.create(name="home", addresses="mqtt://h:1")
    Broker.objects.create(name="off", addresses="mqtt://o:1", enabled=False)
    assert slots() == [
        (name, False, False) for name in ("ingest-0", "ingest-1", "home-ingest-0", "home-ingest-1")
    ]
    assert [one.broker.canary for one in brokers.wanted()] == [True, True, False, False]


def test_a_broker_that_is_switched_off_is_read_out_first() -> None:
    row = Broker.objects.create(name="home", addresses="mqtt://h:1", enabled=False)
    Writer.objects.create(name="home-ingest-0", filters=["a/#"])
    Writer.objects.create(name="home-ingest-1", filters=[])
    Writer.objects.create(name="ingest-3", filters=["b/#"])
    Writer.objects.create(name="other-ingest-0", filters=["c/#"])
    assert slots() == [
        ("ingest-0", False, False),
        ("ingest-3", True, False),
        ("home-ingest-0", True, True),
    ]
    row.delete()
    assert ("home-ingest-0", True, True) not in slots()


def test_a_broker_is_found_by_name_or_address(settings: Any) -> None:
    settings.STANDALONE, settings.MQTT_URL = False, "mqtt://u:p@main"
    row = add("mqtt://me:word@h")
    assert brokers.find("").where == "mqtt://main:1883"
    assert brokers.find(row.name).password == "word"
    with pytest.raises(LookupError):
        brokers.find("none")
    assert (brokers.at("main").name, brokers.at("main").password) == ("", "p")
    assert brokers.at("mqtt://other@main").name == NEW
    known = brokers.at("h")
    assert (known.name, known.username, known.password) == (row.name, "me", "word")
    assert brokers.at("mqtt://me:new@h").password == "new"
    assert (brokers.at("x").name, brokers.at("x").canary) == (NEW, False)


def test_what_cannot_be_used_of_a_broker_is_told(settings: Any) -> None:
    authority = trustme.CA()
    pem = authority.cert_pem.bytes().decode()
    own = authority.issue_cert("worker")
    row = Broker(name="home", addresses="mqtts://h:1", ca=pem)
    row.certificate = own.cert_chain_pems[0].bytes().decode()
    row.set_private_key(own.private_key_pem.bytes().decode())
    assert brokers.of_row(row).problem == ""
    row.set_private_key("nonsense")
    assert "client certificate and key of broker home" in brokers.of_row(row).problem
    row.ca = "nonsense"
    assert "the CA of broker home holds no certificate" in brokers.of_row(row).problem
    settings.SECRET_KEY = "another-key"
    assert "Enter it again" in brokers.of_row(row).problem


def test_slots_sort_by_broker() -> None:
    assert max([SlotName("", 3), SlotName("home", 0)]) == SlotName("home", 0)


@pytest.mark.parametrize("text", ["mqtt://a/b:1883", "", "http://x", "mqtt://a%00"])
def test_a_row_that_cannot_be_used_ends_nothing(text: str) -> None:
    Broker.objects.create(name="odd", addresses=text)
    (odd,) = [one.broker for one in brokers.wanted() if one.slot.broker == "odd"]
    assert odd.problem
