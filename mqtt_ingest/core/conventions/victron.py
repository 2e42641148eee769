"""Victron Venus OS: `N/{portal}/{service}/{instance}/{path}`.

https://github.com/victronenergy/dbus-flashmq
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values
from mqtt_ingest.core.reading import USUAL


class Victron(Layout):
    """Each service of a system, such as a battery or an inverter, is a device."""

    name: ClassVar[str] = "victron"
    label: ClassVar[str] = "Victron Venus OS"
    style = replace(USUAL, time_keys=())
    rules = (
        *nothing("R/{portal}/#", "W/{portal}/#", "N/{portal}/full_publish_completed"),
        *nothing("N/{portal}/keepalive"),
        values(
            "N/{portal}/{service}/{instance:\\d+}/{metric*}",
            "{portal}/{service}/{instance}",
            tells=True,
        ),
    )
    unit_patterns = (
        (r".*(Power|L\d\.Power)", "W"),
        (r"(.*\.)?Soc|(.*\.)?SOC", "%"),
        (r".*Energy.*(Forward|Reverse)|.*Yield\..*|.*Yield", "kWh"),
        (r".*(TimeToGo)", "s"),
        (r".*ConsumedAmphours", "Ah"),
        (r".*(Voltage|V)", "V"),
        (r".*(Current|I)", "A"),
        (r".*(Frequency|F)", "Hz"),
        (r".*Temperature", "°C"),
        (r".*P", "W"),
    )
    units: ClassVar[Mapping[str, str]] = {}
