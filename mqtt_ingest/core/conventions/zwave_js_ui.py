"""Z-Wave JS UI: `zwave/{location}/{node}/{class}/endpoint_{n}/{property}`.

https://zwave-js.github.io/zwave-js-ui/#/guide/mqtt
"""

from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values
from mqtt_ingest.core.reading import USUAL


class ZwaveJsUi(Layout):
    """Values of nodes, by name or by number."""

    name: ClassVar[str] = "zwave_js_ui"
    label: ClassVar[str] = "Z-Wave JS UI"
    bases = ("zwave",)
    style = replace(USUAL, time_keys=("time",))
    rules = (
        *nothing("{base}/_CLIENTS/#", "{base}/_EVENTS/#", "{base}/{device*}/set"),
        *nothing("{base}/{device*}/nodeinfo", "{base}/{device*}/lastActive"),
        presence(
            "{base}/{device*}/status",
            online=("alive", "awake", "true", "ready"),
            offline=("dead", "false"),
        ),
        values(
            "{base}/{device*}/{kind:[a-z][a-z0-9_]*}/endpoint_{endpoint:\\d+}/{metric*}", tells=True
        ),
        values("{base}/{device*}/{kind:[a-z][a-z_]*[a-z]}/{metric*}"),
        values("{base}/{device}/{kind:\\d+}/{endpoint:\\d+}/{metric*}"),
    )
