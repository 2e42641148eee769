"""ESPresense: how far a device is from a room's node; https://espresense.com."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values
from mqtt_ingest.core.reading import USUAL

_STYLE = replace(
    USUAL, time_keys=(), ignored=frozenset({"mac", "id", "name", "disc", "idtype", "rssi1m"})
)


class EspResense(Layout):
    """A distance is a relation: each device in each room is one."""

    name: ClassVar[str] = "espresense"
    label: ClassVar[str] = "ESPresense"
    bases = ("espresense",)
    style = _STYLE
    rules = (
        values("{base}/devices/{device:[^/]+/[^/]+}", tells=True),
        values("{base}/rooms/{device}/telemetry", tells=True),
        presence("{base}/rooms/{device}/status", tells=True),
        *nothing("{base}/#"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "distance": "m",
        "raw": "m",
        "rssi": "dBm",
        "uptime": "s",
        "mv": "mV",
        "batt": "%",
        "temp": "°C",
        "rh": "%",
        "int": "ms",
        "freeheap": "B",
        "maxheap": "B",
    }
