"""SunGather, Sungrow inverters: `SunGather/{serial}`.

https://github.com/bohdan-s/SunGather
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values
from mqtt_ingest.core.reading import USUAL


class SunGather(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "sungather"
    label: ClassVar[str] = "SunGather"
    bases = ("SunGather", "inverter/sungather")
    style = replace(
        USUAL,
        time_keys=("timestamp",),
        ignored=frozenset(
            {
                "scaninterval",
                "port",
                "timeout",
                "retries",
                "slave",
                "level",
                "host",
                "loglevel",
                "smartmeter",
                "uselocaltime",
                "retryonempty",
                "logconsole",
                "logfile",
            }
        ),
    )
    rules = (values("{base}/{device}", tells=True),)
    unit_patterns = (
        (r"export_to_grid|import_from_grid", "W"),
        (r"(daily|total)_(power_yields|.*energy\w*|charge_\w+|\w*yields?)", "kWh"),
        (r".*power\w*", "W"),
        (r".*temperature", "°C"),
        (r".*frequency", "Hz"),
        (r".*voltage", "V"),
        (r".*current", "A"),
        (r"battery_(level|state_of_health\w*)", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {}
