"""batmon-ha, batteries over Bluetooth: `{alias}/soc/total_voltage`.

https://github.com/fl4p/batmon-ha
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values
from mqtt_ingest.core.packets import Packet


def _is_own(packet: Packet) -> bool:
    return packet.topic.rsplit("/", 1)[-1] in _NAMES


_NAMES = frozenset(
    {"total_voltage", "soc_percent", "balance_current", "cycle_capacity", "num_cycles"}
    | {"min_index", "max_index", "delta", "median", "average"}
)


class Batmon(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "batmon"
    label: ClassVar[str] = "batmon-ha"
    rules = (
        values("{device*}/{metric:(?:problem|problem_code|battery_mode|battery_charging|dynamic)}"),
        values(
            "{device*}/{metric:(soc|cell_voltages|temperatures|mosfet_status|bms)/.+}",
            tells=_is_own,
        ),
    )
    unit_patterns = (
        (r"soc\.soc_percent", "%"),
        (r".*voltages?(\..*)?", "V"),
        (r".*current", "A"),
        (r"soc\.power", "W"),
        (r"temperatures\..*", "°C"),
        (r"soc\.(capacity|cycle_capacity)", "Ah"),
    )
    units: ClassVar[Mapping[str, str]] = {}
