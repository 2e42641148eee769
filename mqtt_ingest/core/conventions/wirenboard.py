"""Wiren Board: `/devices/{device}/controls/{control}`.

https://github.com/wirenboard/conventions
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from devices import units as known_units
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, values
from mqtt_ingest.core.descriptions import Description, Kind, SeriesDescription
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.reading import parse

_BY_TYPE = {
    "temperature": "°C",
    "rel_humidity": "%",
    "atmospheric_pressure": "mbar",
    "voltage": "V",
    "power": "W",
    "power_consumption": "kWh",
    "current": "A",
    "lux": "lx",
    "sound_level": "dB",
    "concentration": "ppm",
    "wind_speed": "m/s",
    "rainfall": "mm/h",
    "water_flow": "m³/h",
    "water_consumption": "m³",
    "pressure": "bar",
    "resistance": "Ω",
}
_KINDS: dict[str, Kind] = {"text": "text", "rgb": "text", "switch": "boolean", "alarm": "boolean"}


def _meta(said: Said) -> None:
    """Take what is said of a control: all at once, or the unit by itself."""
    what, told = said.topic.get("what", ""), {}
    if what:
        told = {what: decode_text(said.packet.payload, said.limits).strip()}
    else:
        value = parse(said.packet, said.limits) if said.packet.payload else None
        told = value if isinstance(value, dict) else {}
    described = _series(told)
    if described != SeriesDescription():
        message = said.of(said.topic["device"])
        message.is_about = True
        message.description = Description(series={said.topic["control"]: described})


def _series(told: Mapping[str, Any]) -> SeriesDescription:
    kind = str(told.get("type", ""))
    unit = str(told.get("units", "") or _BY_TYPE.get(kind, ""))
    title = told.get("title")
    label = title.get("en", "") if isinstance(title, dict) else title
    return SeriesDescription(
        unit=known_units.normalised(unit),
        unit_as_sent=unit,
        kind=_KINDS.get(kind),
        label=label if isinstance(label, str) else "",
    )


def _device_meta(said: Said) -> None:
    text = decode_text(said.packet.payload, said.limits).strip()
    value = parse(said.packet, said.limits) if text.startswith("{") else text
    title = value.get("title") if isinstance(value, dict) else value
    name = title.get("en", "") if isinstance(title, dict) else title
    if isinstance(name, str) and name:
        message = said.of(said.topic["device"])
        message.is_about, message.description = True, Description(name=name)


class WirenBoard(Layout):
    """Controls of devices, with what is said of them."""

    name: ClassVar[str] = "wirenboard"
    label: ClassVar[str] = "Wiren Board"
    rules = (
        values("/devices/{device}/controls/{metric}", tells=True),
        Rule(topic="/devices/{device}/controls/{control}/meta", read=_meta),
        Rule(topic="/devices/{device}/controls/{control}/meta/{what:units|type}", read=_meta),
        Rule(topic="/devices/{device}/meta", read=_device_meta),
        Rule(topic="/devices/{device}/meta/name", read=_device_meta),
        *nothing("/devices/{device}/controls/{control}/#", "/devices/{device}/meta/#"),
    )
