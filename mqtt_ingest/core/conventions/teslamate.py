"""TeslaMate: `teslamate/cars/{id}/{field}`.

https://docs.teslamate.org/docs/integrations/mqtt
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values
from mqtt_ingest.core.reading import USUAL


class TeslaMate(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "teslamate"
    label: ClassVar[str] = "TeslaMate"
    bases = ("teslamate",)
    style = replace(USUAL, time_keys=(), ignored=frozenset({"since"}))
    rules = (
        values("{base}/{device:cars/\\d+}/{metric*}", tells=True),
        values("{base}/{namespace}/{car:cars/\\d+}/{metric*}", "{namespace}/{car}", tells=True),
    )
    unit_patterns = (
        (r".*_km", "km"),
        (r".*_temp", "°C"),
        (r"tpms_pressure\w*", "bar"),
        (r"charger_voltage", "V"),
        (r"charger_actual_current|charge_current_request\w*", "A"),
        (r"(charger_)?power", "kW"),
        (r".*battery_level|charge_limit_soc", "%"),
        (r"speed", "km/h"),
        (r"elevation", "m"),
        (r"heading|.*latitude|.*longitude", "°"),
        (r"charge_energy_added", "kWh"),
        (r"time_to_full_charge", "h"),
    )
    units: ClassVar[Mapping[str, str]] = {}
