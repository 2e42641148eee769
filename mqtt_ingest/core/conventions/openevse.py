"""OpenEVSE chargers: `{base}/amp`.

https://github.com/OpenEVSE/openevse_esp32_firmware/blob/master/docs/Developers_Guide_MQTT.md
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class OpenEvse(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "openevse"
    label: ClassVar[str] = "OpenEVSE"
    rules = (
        presence("openevse/announce/{id}", "openevse-{id}", path="state", tells=True),
        *nothing(
            "{device*}/rapi/#",
            "openevse/announce/#",
            "{device:openevse-\\w+}/config|claim|override|schedule|limit",
        ),
        *nothing(
            "{device:openevse-\\w+}/time|local_time|offset", "{device:openevse-\\w+}/{x*}/set"
        ),
        values("{device:openevse-\\w+}/{metric*}", tells=True),
        values("emon/{device:openevse-\\w+}/{metric*}", tells=True),
    )
    unit_patterns = (
        (r"amp", "mA"),
        (r"total_\w+", "kWh"),
        (r"temp\d*", ""),
    )
    units: ClassVar[Mapping[str, str]] = {
        "voltage": "V",
        "power": "W",
        "pilot": "A",
        "srssi": "dBm",
        "freeram": "B",
        "sessionelapsed": "s",
        "sessionenergy": "Wh",
        "wattsec": "W·s",
        "watthour": "Wh",
        "uptime": "s",
        "batterylevel": "%",
        "batteryrange": "km",
    }
