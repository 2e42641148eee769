"""ESPAltherma, Daikin heat pumps: `espaltherma/ATTR`.

https://github.com/raomin/ESPAltherma
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class EspAltherma(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "espaltherma"
    label: ClassVar[str] = "ESPAltherma"
    bases = ("espaltherma",)
    rules = (
        presence("{base}/LWT", "{base}", online=("online",), offline=("offline",), tells=True),
        *nothing("{base}/log", "{base}/POWER", "{base}/STATE", "{base}/sg/#"),
        values("{base}/ATTR", "{base}", metric="", tells=True),
        values("{base}/OneATTR/{metric*}", "{base}", tells=True),
    )
    unit_patterns = (
        (r".*\(A\)", "A"),
        (r".*\(l/min\)", "L/min"),
        (r".*\(kW\)", "kW"),
        (r".*\(bar\)", "bar"),
        (r".*\(%\)", "%"),
        (r"(?i).*(temp|\(R\d+T\)|R\d+T-).*", "°C"),
        (r"(?i).*setpoint.*", "°C"),
    )
    units: ClassVar[Mapping[str, str]] = {}
