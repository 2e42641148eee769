"""Conventions by rules: the units of a packet's values, and what is remembered of them."""

import json

import pytest

from mqtt_ingest.core import conventions
from mqtt_ingest.core.conventions import layout
from mqtt_ingest.core.limits import Limits
from tests.support.factories import make_packet


def units(*names: str, read: layout.Layout) -> dict[str, str]:
    packet = make_packet("tele/a/SENSOR", json.dumps(dict.fromkeys(names, 1.5)))
    (message,) = read.decode(packet, Limits()) or ()
    said = message.description
    return {} if said is None else {name: one.unit for name, one in said.series.items()}


def made() -> layout.Layout:
    found = conventions.make("tasmota")
    assert isinstance(found, layout.Layout)
    return found


def test_units_are_those_of_the_values_that_came() -> None:
    read = made()
    assert units("Temperature", "Other", read=read) == {"Temperature": "°C"}
    assert units("Humidity", read=read) == {"Humidity": "%"}
    assert units("Temperature", "Other", read=read) == {"Temperature": "°C"}
    assert units("Other", read=read) == {}


def test_what_is_remembered_of_units_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_FEW", 2)
    monkeypatch.setattr(layout, "_SETS", 3)
    read = made()
    for number in range(10):
        assert units(f"Temperature{number}", read=read) == {f"Temperature{number}": "°C"}
    assert units("Temperature", "Humidity", "Power", read=read) == {
        **{"Temperature": "°C", "Humidity": "%", "Power": "W"}
    }
    assert len(read._said) <= 3
    assert ("Temperature", "Humidity", "Power") not in read._said


def test_what_is_said_of_devices_is_remembered_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_SETS", 3)
    read = conventions.make("zigbee2mqtt")
    assert isinstance(read, layout.Layout)

    def said(name: str) -> object:
        packet = make_packet(f"zigbee2mqtt/{name}", json.dumps({"temperature": 1.5}))
        (message,) = read.decode(packet, Limits()) or ()
        return message.description

    first = said("lamp")
    assert said("lamp") is first
    for number in range(10):
        assert said(f"lamp-{number}").name == f"lamp-{number}"  # type: ignore[attr-defined]
    assert len(read._described) <= 3
    assert said("lamp") == first
    long = "x" * 300
    assert said(long).name == long[:200]  # type: ignore[attr-defined]
    assert all(len(str(part)) < 300 for key in read._described for part in key)
