"""OTGW-firmware, OpenTherm gateways: `OTGW/value/{id}/{name}`.

https://github.com/rvdbreemen/OTGW-firmware
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class OtgwFirmware(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "otgw"
    label: ClassVar[str] = "OTGW-firmware"
    bases = ("OTGW",)
    rules = (
        presence("{base}/value/{device}", tells=True),
        *nothing("{base}/set/#", "{base}/value/{device}/{name:\\w+_value_[hl]b}"),
        values("{base}/value/{device}/{metric}", tells=True),
    )
    unit_patterns = (
        (r"\w*temperature|t(set|room|r|outside|boiler|ret|dhw|dhwset)", "°C"),
        (r"\w*pressure", "bar"),
        (r"\w*lvl", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {"relmodlvl": "%"}
