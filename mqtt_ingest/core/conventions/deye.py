"""deye-inverter-mqtt: `deye/ac/l1/voltage`.

https://github.com/kbialek/deye-inverter-mqtt
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class Deye(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "deye"
    label: ClassVar[str] = "deye-inverter-mqtt"
    bases = ("deye",)
    rules = (
        *nothing("{base}/{x*}/command", "{base}/status"),
        presence("{base}/logger_status", "{base}"),
        presence("{base}/{number:\\d+}/logger_status", "{base}/{number}"),
        values("{base}/{number:\\d+}/{metric*}", "{base}/{number}"),
        values("{base}/{metric*}", "{base}", tells=True),
    )
    unit_patterns = (
        (r"uptime", "min"),
        (r".*energy.*", "kWh"),
        (r".*voltage", "V"),
        (r".*current", "A"),
        (r".*power", "W"),
        (r".*freq(uency)?", "Hz"),
        (r".*soc", "%"),
        (r".*temp(erature)?|radiator_temp", "°C"),
    )
    units: ClassVar[Mapping[str, str]] = {}
