"""Bambu Lab printers: `device/{serial}/report`.

https://github.com/Doridian/OpenBambuAPI/blob/main/mqtt.md
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values
from mqtt_ingest.core.reading import USUAL


class Bambu(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "bambu"
    label: ClassVar[str] = "Bambu Lab"
    style = replace(USUAL, time_keys=(), ignored=frozenset({"sequenceid", "hms", "msg", "id"}))
    rules = (
        values("device/{device:(?=.*\\d)[0-9A-Z]{15}}/report", tells=True),
        *nothing("device/{device:(?=.*\\d)[0-9A-Z]{15}}/request"),
    )
    unit_patterns = (
        (r".*_temper", "°C"),
        (r".*\.ams\.\d+\.temp", "°C"),
        (r".*mc_percent", "%"),
        (r".*mc_remaining_time", "min"),
    )
    units: ClassVar[Mapping[str, str]] = {}
