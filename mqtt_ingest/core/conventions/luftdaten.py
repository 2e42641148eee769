"""Sensor.Community (luftdaten.info), as forwarders publish it: `airrohr/{id}`.

https://github.com/opendata-stuttgart/sensors-software
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import BaseOptions, Layout, Rule, Said
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import parse


def _is_own(packet: Packet) -> bool:
    return b'"sensordatavalues"' in packet.payload


def _read(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if isinstance(value, dict) and isinstance(value.get("sensordatavalues"), list):
        device = str(value.get("esp8266id") or said.topic["id"])
        said.read(device, value["sensordatavalues"])
        said.describe(device, firmware=str(value.get("software_version", "")))


class Luftdaten(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "luftdaten"
    label: ClassVar[str] = "Sensor.Community"
    Options = BaseOptions
    bases = ("airrohr",)
    rules = (Rule(topic="{base}/{id}", read=_read, tells=_is_own, anywhere=True),)
    unit_patterns = (
        (r"\w*P[0-4]", "µg/m³"),
        (r"\w*temperature", "°C"),
        (r"\w*humidity", "%"),
        (r"\w*pressure", "Pa"),
        (r"signal", "dBm"),
    )
    units: ClassVar[Mapping[str, str]] = {}
