"""ring-mqtt: `ring/{location}/{category}/{device}/{entity}/state`.

https://github.com/tsightler/ring-mqtt
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values
from mqtt_ingest.core.reading import USUAL


class RingMqtt(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "ring"
    label: ClassVar[str] = "ring-mqtt"
    bases = ("ring",)
    style = replace(USUAL, time_keys=("lastupdate", "lastcommtime"))
    rules = (
        presence("{base}/{location}/{category}/{device}/status", tells=True),
        *nothing(
            "{base}/{location}/{category}/{device}/ding/#",
            "{base}/{location}/{category}/{device}/snapshot/#",
        ),
        *nothing(
            "{base}/{location}/{category}/{device}/stream/#",
            "{base}/{x*}/command",
            "{base}/{x*}/set",
        ),
        values("{base}/{location}/{category}/{device}/{metric}/state", tells=True),
        values("{base}/{location}/{category}/{device}/{metric}/attributes", tells=True),
    )
    units: ClassVar[Mapping[str, str]] = {
        "batterylevel": "%",
        "wirelesssignal": "dBm",
        "temperature": "°C",
    }
