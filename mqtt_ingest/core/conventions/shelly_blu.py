"""Shelly BLU sensors by a gateway's script: `shelly-blu/events/{MAC}`.

https://github.com/ALLTERCO/shelly-script-examples
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values
from mqtt_ingest.core.reading import USUAL


class ShellyBlu(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "shelly_blu"
    label: ClassVar[str] = "Shelly BLU"
    style = replace(
        USUAL,
        time_keys=("ts",),
        ignored=frozenset({"pid", "address", "addr", "encryption", "bthomeversion"}),
    )
    rules = (values("shelly-blu/events/{device}", tells=True),)
    units: ClassVar[Mapping[str, str]] = {
        "battery": "%",
        "humidity": "%",
        "temperature": "°C",
        "illuminance": "lx",
        "rssi": "dBm",
        "rotation": "°",
    }
