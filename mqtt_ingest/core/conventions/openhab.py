"""openHAB's event bus: `openHAB/out/{item}/state`."""

from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values


class OpenHab(Layout):
    """Items' states; commands are wishes."""

    name: ClassVar[str] = "openhab"
    label: ClassVar[str] = "openHAB"
    bases = ("openHAB", "openhab")
    rules = (
        values("{base}/out|stateUpdates/{device}/state", metric="state", tells=True),
        *nothing("{base}/out/{device}/command", "{base}/in/#", "{base}/commands/#"),
    )
