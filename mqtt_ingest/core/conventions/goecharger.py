"""go-eCharger, API version 2: `go-eCharger/{serial}/{key}`.

https://github.com/goecharger/go-eCharger-API-v2
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values


class GoECharger(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "goecharger"
    label: ClassVar[str] = "go-eCharger"
    bases = ("go-eCharger",)
    rules = (
        *nothing("{base}/{device}/{key}/set", "{base}/{device}/{key}/result"),
        values("{base}/{device}/{metric}", tells=True),
    )
    unit_patterns = (
        (r"nrg\.[0-3]", "V"),
        (r"nrg\.[4-6]", "A"),
        (r"nrg\.([7-9]|1[01])", "W"),
        (r"nrg\.1[2-5]", "%"),
        (r"tma\.\d+", "°C"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "eto": "Wh",
        "wh": "Wh",
        "amp": "A",
        "fhz": "Hz",
        "rssi": "dBm",
        "rbt": "ms",
    }
