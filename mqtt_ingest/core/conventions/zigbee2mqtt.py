"""Zigbee2MQTT: `zigbee2mqtt/{friendly name}`, where the name may hold slashes.

A device is known by its IEEE address as soon as the bridge has told it, and keeps the name
that it was first seen under until then: it is one device whichever came first.
https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from devices import units as known_units
from mqtt_ingest.core.conventions.layout import (
    Layout,
    Rule,
    Said,
    nothing,
    presence,
    word_of,
)
from mqtt_ingest.core.descriptions import Description, Kind, SeriesDescription, bound
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(
    USUAL, time_keys=("lastseen",), ignored=frozenset({"update", "updateavailable", "device"})
)
_KINDS: dict[str, Kind] = {"numeric": "number", "binary": "boolean", "enum": "text", "text": "text"}
# Properties that are events: they carry no state.
_EVENTS = frozenset({"action"})


def _devices(said: Said) -> None:
    """Learn names and descriptions from the bridge's list of devices."""
    convention = said.convention
    assert isinstance(convention, Zigbee2Mqtt)
    value = parse(said.packet, said.limits)
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict) and one.get("type") != "Coordinator":
            convention.learn(said, one)


def _groups(said: Said) -> None:
    value = parse(said.packet, said.limits)
    for one in value if isinstance(value, list) else []:
        name = one.get("friendly_name") if isinstance(one, dict) else None
        if isinstance(name, str) and name:
            said.convention.state.put(f"group:{name}", 1)


def _state(said: Said) -> None:
    """Take what a device says, or one property of it where it is set up to send them alone."""
    convention = said.convention
    assert isinstance(convention, Zigbee2Mqtt)
    if not said.packet.payload:
        return
    value = parse(said.packet, said.limits)
    name, metric = said.topic["name"], ""
    if not isinstance(value, dict):
        name, _, metric = said.topic["name"].rpartition("/")
        if not name:
            return
        value = {metric: value}
    native_id = convention.native_id(name)
    said.read(native_id, value)
    said.describe(native_id, name=name, parent=said.topic["base"])


def _availability(said: Said) -> None:
    convention = said.convention
    assert isinstance(convention, Zigbee2Mqtt)
    word = word_of(said)
    if word in {"online", "offline"}:
        message = said.of(convention.native_id(said.topic["name"]))
        message.status = "online" if word == "online" else "offline"


class Zigbee2Mqtt(Layout):
    """States, availability, and what the bridge tells of its devices."""

    name: ClassVar[str] = "zigbee2mqtt"
    label: ClassVar[str] = "Zigbee2MQTT"
    is_stateful: ClassVar[bool] = True
    bases = ("zigbee2mqtt",)
    style = _STYLE
    rules = (
        presence("{base}/bridge/state", "{base}", tells=True, anywhere=True),
        Rule(topic="{base}/bridge/devices", read=_devices, tells=True, anywhere=True),
        Rule(topic="{base}/bridge/groups", read=_groups, tells=True),
        *nothing("{base}/bridge/#", "{base}/{name*}/set", "{base}/{name*}/get"),
        *nothing("{base}/{name*}/set/#", "{base}/{name*}/get/#"),
        Rule(topic="{base}/{name*}/availability", read=_availability),
        Rule(topic="{base}/{name*}", read=_state, tells=True),
    )
    units: ClassVar[Mapping[str, str]] = {
        "temperature": "°C",
        "localtemperature": "°C",
        "devicetemperature": "°C",
        "currentheatingsetpoint": "°C",
        "occupiedheatingsetpoint": "°C",
        "humidity": "%",
        "soilmoisture": "%",
        "battery": "%",
        "voltage": "mV",
        "linkquality": "lqi",
        "power": "W",
        "energy": "kWh",
        "current": "A",
        "pressure": "hPa",
        "illuminance": "lx",
        "illuminancelux": "lx",
        "colortemp": "mired",
        "position": "%",
        "tilt": "%",
        "co2": "ppm",
        "pm25": "µg/m³",
        "voc": "ppb",
    }

    def native_id(self, name: str) -> str:
        """Return by what the device called `name` is known."""
        return str(self.state.get(f"name:{name}", name))

    def learn(self, said: Said, one: Mapping[str, Any]) -> None:
        """Take what the bridge tells of one device."""
        address, name = one.get("ieee_address"), one.get("friendly_name")
        if not (isinstance(address, str) and isinstance(name, str) and address and name):
            return
        native_id = self.state.get(f"address:{address}")
        if native_id is None:
            # Under its name it may have sent before anybody told its address.
            native_id = name if self.state.get(f"seen:{name}") else address
            self.state.put(f"address:{address}", native_id)
        self.state.put(f"name:{name}", native_id)
        definition = one.get("definition")
        told: Mapping[str, Any] = definition if isinstance(definition, dict) else {}
        message = said.of(native_id)
        message.is_about = True
        message.description = Description(
            name=name,
            model=_text(told.get("model") or one.get("model_id")),
            manufacturer=_text(told.get("vendor") or one.get("manufacturer")),
            firmware=_text(one.get("software_build_id")),
            parent=said.topic["base"],
            series=dict(_series(told.get("exposes"))),
        )

    def said(self, said: Said) -> Any:
        """Return what a packet says, and remember who sent under a name alone."""
        name = said.topic.get("name", "")
        if name and self.state.get(f"name:{name}") is None and name in said.messages:
            self.state.put(f"seen:{name}", 1)
        return super().said(said)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _series(exposes: object, prefix: str = "") -> Iterator[tuple[str, SeriesDescription]]:
    """Yield what a device's definition says of its properties."""
    for one in exposes if isinstance(exposes, list) else []:
        if not isinstance(one, dict):
            continue
        name = one.get("property")
        path = f"{prefix}{name}" if isinstance(name, str) else prefix
        if isinstance(one.get("features"), list):
            below = f"{path}." if one.get("type") == "composite" else prefix
            yield from _series(one["features"], below)
        elif isinstance(name, str) and _text(one.get("type")) in _KINDS:
            yield path, _one_series(one, name)


def _one_series(one: Mapping[str, Any], name: str) -> SeriesDescription:
    unit = _text(one.get("unit"))
    states = one.get("values") if one.get("type") == "enum" and name not in _EVENTS else None
    return SeriesDescription(
        unit=known_units.normalised(unit),
        unit_as_sent=unit,
        kind=_KINDS[one["type"]],
        label=_text(one.get("label")),
        minimum=bound(one.get("value_min")),
        maximum=bound(one.get("value_max")),
        states=tuple(str(state) for state in states[:100]) if isinstance(states, list) else (),
    )
