"""OctoPrint: `octoPrint/temperature/{tool}`.

https://github.com/OctoPrint/OctoPrint-MQTT
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values
from mqtt_ingest.core.reading import USUAL


class OctoPrint(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "octoprint"
    label: ClassVar[str] = "OctoPrint"
    bases = ("octoPrint",)
    style = replace(USUAL, time_keys=("timestamp",), ignored=frozenset({"location", "path"}))
    rules = (
        presence("{base}/mqtt", "{base}", tells=True),
        values("{base}/temperature/{part}", "{base}", metric="temperature.{part}", tells=True),
        values("{base}/progress/{part}", "{base}", metric="progress.{part}", tells=True),
        *nothing("{base}/event/#", "{base}/plugin/#", "{base}/hass/#"),
    )
    unit_patterns = (
        (r"temperature\..*", "°C"),
        (r"progress\..*\.progress", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {}
