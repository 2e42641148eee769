"""miflora-mqtt-daemon: `miflora/{sensor}`.

https://github.com/ThomDietrich/miflora-mqtt-daemon
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values


class MiFlora(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "miflora"
    label: ClassVar[str] = "Mi Flora"
    bases = ("miflora",)
    rules = (
        *nothing("{base}/$announce"),
        values("{base}/{device}", tells=True),
    )
    units: ClassVar[Mapping[str, str]] = {
        "temperature": "°C",
        "light": "lx",
        "moisture": "%",
        "conductivity": "µS/cm",
        "battery": "%",
    }
