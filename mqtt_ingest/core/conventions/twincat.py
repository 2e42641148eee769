"""TwinCAT IoT Communicator: `{topic}/{device}/TcIotCommunicator/Json/Tx/Data`.

https://infosys.beckhoff.com/content/1033/tf6735_tc3_iot_communicator/
"""

from collections.abc import Mapping
from typing import ClassVar

from devices import units
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.reading import parse


def _data(said: Said) -> None:
    """Take values, with the units that stand beside them."""
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict):
        return
    device = said.topic["device"]
    told = {name: value[name] for name in ("Timestamp", "Values") if name in value}
    said.read(device, told)
    meta = value.get("MetaData")
    series = {
        metric: SeriesDescription(unit=units.normalised(unit), unit_as_sent=unit, label=label)
        for metric, one in (meta.items() if isinstance(meta, dict) else ())
        if isinstance(one, dict)
        for unit in [str(one.get("iot.Unit", ""))]
        for label in [str(one.get("iot.DisplayName", ""))]
    }
    if series:
        said.describe(device, series=series)


class TwinCat(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "twincat"
    label: ClassVar[str] = "TwinCAT IoT"
    rules = (
        Rule(topic="{prefix*}/{device}/TcIotCommunicator/Json/Tx/Data", read=_data, tells=True),
        presence("{prefix*}/{device}/TcIotCommunicator/Desc", path="Online", tells=True),
        *nothing("{prefix*}/{device}/TcIotCommunicator/#"),
    )
    units: ClassVar[Mapping[str, str]] = {}
