"""WeeWX's MQTT extension: `{topic}/outTemp_F`, or all in `{topic}/loop`.

https://github.com/matthewwall/weewx-mqtt
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, nothing, values
from mqtt_ingest.core.reading import USUAL


class WeeWx(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "weewx"
    label: ClassVar[str] = "WeeWX"
    bases = ("weather",)
    style = replace(USUAL, time_keys=("datetime",), ignored=frozenset({"usunits", "interval"}))
    rules = (
        Rule(topic="{base}/usUnits", read=None, tells=True, anywhere=True),
        *nothing("{base}/dateTime", "{base}/interval"),
        values("{base}/loop", "{base}", metric="", tells=True),
        values(
            "{base}/{metric:\\w+_(?:F|C|mph|kph|mps|inHg|mbar|in|mm|Wpm2)}",
            "{base}",
            tells=True,
        ),
        values("{base}/{metric}", "{base}"),
    )
    unit_patterns = (
        (r".*_F", "°F"),
        (r".*_C", "°C"),
        (r".*_mph", "mph"),
        (r".*_kph", "km/h"),
        (r".*_mps", "m/s"),
        (r".*_knot", "kn"),
        (r".*_inHg", "inHg"),
        (r".*_mbar", "mbar"),
        (r".*_in", "in"),
        (r".*_mm", "mm"),
        (r".*_cm", "cm"),
        (r".*_Wpm2", "W/m²"),
        (r"\w*[hH]umidity|\w*Humid\d*", "%"),
        (r"\w*Dir\d*", "°"),
    )
    units: ClassVar[Mapping[str, str]] = {}
