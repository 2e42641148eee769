"""emonHub and emonPi: `emon/{node}/{input}` and `emon/JSON/{node}`.

https://docs.openenergymonitor.org/emoncms/coreappmodules.html
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values


class EmonHub(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "emonhub"
    label: ClassVar[str] = "emonHub"
    bases = ("emon",)
    rules = (
        values("{base}/JSON/{device}", tells=True),
        values("{base}/{device}/{metric}", tells=True),
        values("{base}/{device}"),
    )
    unit_patterns = (
        (r"power\w*", "W"),
        (r"vrms|voltage\w*", "V"),
        (r"temp\d*|temperature\w*", "°C"),
        (r"humidity\w*", "%"),
        (r"current\w*", "A"),
    )
    units: ClassVar[Mapping[str, str]] = {"rssi": "dBm"}
