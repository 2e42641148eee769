"""SmartEVSE: `SmartEVSE-{serial}/{name}`.

https://github.com/dingo35/SmartEVSE-3.5
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class SmartEvse(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "smartevse"
    label: ClassVar[str] = "SmartEVSE"
    rules = (
        presence("{device:SmartEVSE-?\\w*}/connected", tells=True),
        *nothing("{device:SmartEVSE-?\\w*}/Set/#", "{device:SmartEVSE-?\\w*}/RFIDLastRead"),
        values("{device:SmartEVSE-?\\w*}/{metric}", tells=True),
    )
    unit_patterns = (
        (r".*Energy", "Wh"),
        (r".*Power", "W"),
        (r"ESPTemp", "°C"),
        (r"TimeUntilFull", "s"),
        (r".*SoC", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {}
