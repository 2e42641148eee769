"""Valetudo, robot vacuums: `valetudo/{id}/{capability}/{property}`.

https://valetudo.cloud/pages/integrations/mqtt.html
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class Valetudo(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "valetudo"
    label: ClassVar[str] = "Valetudo"
    bases = ("valetudo",)
    rules = (
        presence("{base}/{device}/$state", offline=("disconnected", "lost"), tells=True),
        *nothing(
            "{base}/{device}/MapData/#", "{base}/{device}/ValetudoEvents/#", "{base}/{x*}/set"
        ),
        *nothing("{base}/{device}/${attribute}", "{base}/{device}/{node}/${attribute}"),
        *nothing(
            "{base}/{device}/{node}/{property}/${attribute}",
            "{base}/{device}/{node}/{property}/set|start|go|perform|reset",
        ),
        values("{base}/{device}/{metric*}", tells=True),
    )
    unit_patterns = (
        (r"BatteryStateAttribute\.level", "%"),
        (r".*\.area", "cm²"),
        (r".*Statistics\w*\.time", "s"),
        (r"WifiConfigurationCapability\.signal", "dBm"),
    )
    units: ClassVar[Mapping[str, str]] = {}
