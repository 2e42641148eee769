"""VDA 5050, mobile robots: `{interface}/{version}/{manufacturer}/{serial}/state`.

https://github.com/VDA5050/VDA5050
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.reading import USUAL, parse

_MEASURED = (
    *("batteryState", "powerSupply", "agvPosition", "mobileRobotPosition", "velocity", "driving"),
    *("paused", "distanceSinceLastNode", "operatingMode", "timestamp"),
)
_STYLE = replace(USUAL, time_keys=("timestamp",), ignored=frozenset({"mapid", "mapdescription"}))


def _state(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if isinstance(value, dict):
        told = {name: value[name] for name in _MEASURED if name in value}
        _read(said, told)


def _read(said: Said, told: dict[str, Any]) -> None:
    device = said.topic["device"]
    said.read(device, told, style=_STYLE)
    said.describe(device, manufacturer=device.split("/")[0])


_AT = "{interface}/{version:v\\d+}/{device:[^/]+/[^/]+}"


class Vda5050(Layout):
    """What robots measure; orders and plans are left out."""

    name: ClassVar[str] = "vda5050"
    label: ClassVar[str] = "VDA 5050"
    rules = (
        Rule(topic=f"{_AT}/state", read=_state, tells=True),
        Rule(topic=f"{_AT}/visualization", read=_state, tells=True),
        presence(f"{_AT}/connection", path="connectionState", tells=True),
        *nothing(f"{_AT}/order|instantActions|factsheet|responses|zoneSet"),
    )
    unit_patterns = (
        (r".*\.(x|y)|distanceSinceLastNode|.*\.reach|.*range", "m"),
        (r".*\.theta", "rad"),
        (r".*\.v[xy]", "m/s"),
        (r".*\.omega", "rad/s"),
        (r".*\.(batteryCharge|stateOfCharge|batteryHealth)", "%"),
        (r".*\.batteryVoltage", "V"),
    )
    units: ClassVar[Mapping[str, str]] = {}
