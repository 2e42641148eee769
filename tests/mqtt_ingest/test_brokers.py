"""How brokers are reached, and what of them cannot be used."""

from typing import Any

import pytest
import trustme

from devices.models import Broker
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
