"""AirGradient monitors: `airgradient/readings/{id}`.

https://github.com/airgradienthq/arduino/blob/master/docs/local-server.md
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values
from mqtt_ingest.core.reading import USUAL


class AirGradient(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "airgradient"
    label: ClassVar[str] = "AirGradient"
    bases = ("airgradient",)
    style = replace(USUAL, time_keys=(), ignored=frozenset({"boot", "bootcount", "serialno"}))
    rules = (values("{base}/readings/{device}", tells=True),)
    unit_patterns = ((r"pm(01|02|10)(Standard|Compensated)?", "µg/m³"),)
    units: ClassVar[Mapping[str, str]] = {
        "rco2": "ppm",
        "atmp": "°C",
        "atmpcompensated": "°C",
        "rhum": "%",
        "rhumcompensated": "%",
        "wifi": "dBm",
    }
