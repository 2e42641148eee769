"""SMA-EM daemon, energy meters: `SMA-EM/status/{serial}`.

https://github.com/datenschuft/SMA-EM
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, values
from mqtt_ingest.core.reading import USUAL


class SmaEm(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "sma_em"
    label: ClassVar[str] = "SMA-EM"
    bases = ("SMA-EM",)
    style = replace(USUAL, ignored=frozenset({"serial", "speedwireversion"}))
    rules = (
        values("{base}/status/{device}", tells=True),
        values("{base}/status/{device}/{metric}", tells=True),
    )
    unit_patterns = (
        (r"\w*counter", "kWh"),
        (r"p\d?(consume|supply|regard|surplus)", "W"),
        (r"q\d?(consume|supply)", "var"),
        (r"s\d?(consume|supply)", "VA"),
        (r"u\d", "V"),
        (r"i\d", "A"),
    )
    units: ClassVar[Mapping[str, str]] = {"frequency": "Hz"}
