"""OpenDTU: `solar/{serial}/{channel}/{field}`; https://www.opendtu.solar/firmware/mqtt_topics/."""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class OpenDtu(Layout):
    """Inverters by serial number, totals, and the gateway itself."""

    name: ClassVar[str] = "opendtu"
    label: ClassVar[str] = "OpenDTU"
    bases = ("solar",)
    rules = (
        presence("{base}/dtu/status", "dtu", online=("online",), offline=("offline",), tells=True),
        presence("{base}/{device:[0-9a-f]{12}}/status/reachable", online=("1",), offline=("0",)),
        *nothing("{base}/{device:[0-9a-f]{12}}/status/+", "{base}/{device:[0-9a-f]{12}}/device/#"),
        *nothing("{base}/{device:[0-9a-f]{12}}/cmd/#", "{base}/{device:[0-9a-f]{12}}/name"),
        *nothing("{base}/{device:[0-9a-f]{12}}/{channel:\\d}/name", "{base}/dtu/hostname|ip|bssid"),
        values("{base}/{device:[0-9a-f]{12}}/{metric:\\d/.+}", tells=True),
        values("{base}/{device:ac|dc|dtu|battery|powermeter|huawei}/{metric*}"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "power": "W",
        "voltage": "V",
        "current": "A",
        "frequency": "Hz",
        "temperature": "°C",
        "reactivepower": "var",
        "powerdc": "W",
        "efficiency": "%",
        "powerfactor": "%",
        "irradiation": "%",
        "yieldday": "Wh",
        "yieldtotal": "kWh",
        "rssi": "dBm",
        "uptime": "s",
        "free": "B",
    }
