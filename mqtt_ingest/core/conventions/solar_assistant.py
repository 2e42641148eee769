"""SolarAssistant: `solar_assistant/{device}/{metric}/state`.

https://solar-assistant.io/help/integration/mqtt
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values


class SolarAssistant(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "solar_assistant"
    label: ClassVar[str] = "SolarAssistant"
    bases = ("solar_assistant",)
    rules = (
        values("{base}/{device}/{metric}/state", tells=True),
        *nothing("{base}/set/#", "{base}/{x*}/set"),
    )
    unit_patterns = (
        (r".*power\w*", "W"),
        (r".*voltage\w*", "V"),
        (r".*current\w*", "A"),
        (r".*frequency", "Hz"),
        (r".*energy\w*", "kWh"),
        (r".*(state_of_charge|percentage)", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {}
