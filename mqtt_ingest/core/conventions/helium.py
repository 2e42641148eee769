"""Helium Console: `{\"decoded\": …, \"dev_eui\": …}` on topics of one's choice.

https://docs.helium.com/console/integrations/mqtt-integration/
"""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import BaseOptions, Layout, Rule, Said
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import parse


def _is_own(packet: Packet) -> bool:
    return b'"decoded"' in packet.payload and b'"dev_eui"' in packet.payload


def _read(said: Said) -> None:
    """Take what the decoder made; how the network was paid is no reading."""
    value = parse(said.packet, said.limits)
    decoded = value.get("decoded") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(decoded, dict):
        return
    device, told = str(value.get("dev_eui") or said.topic["what"]), decoded.get("payload")
    if isinstance(told, dict):
        at = value.get("reported_at")
        said.read(device, {**told, "ts": at} if at else told)
        said.describe(device, name=str(value.get("name") or ""))


class Helium(Layout):
    """Values by the names that it gives them."""

    name: ClassVar[str] = "helium"
    label: ClassVar[str] = "Helium"
    Options = BaseOptions
    bases = ("helium",)
    rules = (Rule(topic="{base}/{what}", read=_read, tells=_is_own, anywhere=True),)
    units: ClassVar[Mapping[str, str]] = {
        "latitude": "°",
        "longitude": "°",
        "altitude": "m",
        "accuracy": "m",
    }
