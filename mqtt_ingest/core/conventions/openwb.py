"""openWB 1.9: `openWB/lp/{n}/{value}`.

https://github.com/snaptec/openWB
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values


class OpenWb(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "openwb"
    label: ClassVar[str] = "openWB"
    bases = ("openWB",)
    rules = (
        *nothing("{base}/set/#", "{base}/config/set/#", "{base}/{x*}/pricelist", "{base}/graph/#"),
        values("{base}/{device:(?:lp|pv|SmartHome/Devices)/\\d+}/{metric*}", tells=True),
        values(
            "{base}/{device:chargepoint|counter|bat|pv}/{number:\\d+}/get/{metric*}",
            "{device}/{number}",
            tells=True,
        ),
        values("{base}/{device:evu|pv|housebattery|global}/{metric*}", tells=True),
    )
    unit_patterns = (
        (r"W|W\w*Phase\d|.*power", "W"),
        (r"A(Phase\d|Konfigured)", "A"),
        (r"VPhase\d", "V"),
        (r"WH\w*|WhCounter", "Wh"),
        (r"kWhCounter|.*[kK]Wh\w*", "kWh"),
        (r"%?[sS]oc|%Soc", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {}
