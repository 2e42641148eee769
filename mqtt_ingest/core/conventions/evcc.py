"""evcc: the site, its loadpoints and vehicles; https://docs.evcc.io/docs/integrations/mqtt-api."""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class Evcc(Layout):
    """What is measured and planned, each loadpoint and vehicle by itself."""

    name: ClassVar[str] = "evcc"
    label: ClassVar[str] = "evcc"
    bases = ("evcc",)
    rules = (
        *nothing("{base}/loadpoints", "{base}/vehicles", "{base}/updated", "{base}/{x*}/set"),
        presence("{base}/status", "{base}", online=("online",), offline=("offline",)),
        values("{base}/{device:site}/{metric*}", tells=True),
        values("{base}/{device:loadpoints/\\d+}/{metric*}", tells=True),
        values("{base}/{device:vehicles/[^/]+}/{metric*}", tells=True),
    )
    unit_patterns = (
        (r".*(limit|plan)Energy", "kWh"),
        (r"(.*\.)?(p|.*P)ower(\..*)?", "W"),
        (r"(.*\.)?(c|.*C)urrents?(\..*)?", "A"),
        (r"(.*\.)?(v|.*V)oltages?(\..*)?", "V"),
        (r"(.*\.)?(energy|chargedEnergy|sessionEnergy)", "Wh"),
        (r".*Soc|soc", "%"),
        (r".*Percentage", "%"),
        (r".*(Range|Odometer)|range|odometer", "km"),
        (r".*(Duration|Delay|Remaining)", "s"),
    )
    units: ClassVar[Mapping[str, str]] = {}
