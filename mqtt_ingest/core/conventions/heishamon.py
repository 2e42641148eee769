"""HeishaMon, Panasonic heat pumps: `panasonic_heat_pump/main/{name}`.

https://github.com/Egyras/HeishaMon/blob/main/MQTT-Topics.md
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class HeishaMon(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "heishamon"
    label: ClassVar[str] = "HeishaMon"
    bases = ("panasonic_heat_pump",)
    rules = (
        presence("{base}/LWT", "{base}", online=("online",), offline=("offline",), tells=True),
        *nothing("{base}/commands/#", "{base}/log", "{base}/ip", "{base}/raw/#"),
        values("{base}/main|extra|optional/{metric}", "{base}", tells=True),
        values("{base}/stats", "{base}", metric="stats"),
        values("{base}/{kind:1wire|s0}/{metric*}", "{base}", metric="{kind}.{metric}"),
    )
    unit_patterns = (
        (r"Z\d_\w*Request_Temp", ""),
        (r".*_Temp|.*Temperature|1wire\..*", "°C"),
        (r"Pump_Flow", "L/min"),
        (r".*_Freq", "Hz"),
        (r".*Power_(Consumption|Production)", "W"),
        (r".*Hours", "h"),
        (r"(High|Low)_Pressure|Water_Pressure", "bar"),
        (r".*_Delta|.*Delta_.*", "K"),
        (r".*Current", "A"),
        (r"s0\.Watt\..*", "W"),
        (r"s0\.Watthour.*", "Wh"),
        (r"stats\.uptime", "ms"),
        (r"stats\.voltage", ""),
        (r".*Pump_Speed", "rpm"),
        (r".*Duty", ""),
    )
    units: ClassVar[Mapping[str, str]] = {}
