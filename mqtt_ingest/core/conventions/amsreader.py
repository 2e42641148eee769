"""amsreader (amsleser.no): a reader of HAN meters, in JSON.

https://github.com/UtilitechAS/amsreader-firmware
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import orjson

from mqtt_ingest.core.conventions.layout import BaseOptions, Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(
    USUAL,
    time_keys=("t",),
    ignored=frozenset(
        {"id", "name", "lv", "meterid", "type", "rtc", "prices", "realtime", "peaks"}
    ),
)


def is_reading(value: object) -> bool:
    """Return whether `value` is what the reader sends of a telegram."""
    if not isinstance(value, dict) or not {"id", "name", "up", "t"} <= value.keys():
        return False
    told = value.get("data", value)
    return isinstance(told, dict) and ("P" in told or "tPI" in told)


def _is_telegram(packet: Packet) -> bool:
    return is_reading(orjson.loads(packet.payload))


def _read(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict) or not is_reading(value):
        return
    told: dict[str, Any] = dict(value)
    if isinstance(told.get("data"), dict):
        told |= told.pop("data")
    device = str(value["name"])
    said.read(device, told)
    said.describe(device, model=str(told.get("type", "") or ""))


class AmsReader(Layout):
    """Meters by the name of their reader."""

    name: ClassVar[str] = "amsreader"
    label: ClassVar[str] = "AMS reader"
    Options = BaseOptions
    bases = ("amsleser",)
    style = _STYLE
    rules = (
        Rule(topic="{base}", read=_read, tells=_is_telegram, anywhere=True),
        Rule(topic="{base}/{part:list[1-4]|realtime}", read=_read),
        presence("{base}/status", "{base}"),
        *nothing("{base}/prices|prices/#|state"),
    )
    unit_patterns = ((r"PO?", "W"), (r"QO?", "var"), (r"I\d", "A"), (r"U\d", "V"))
    units: ClassVar[Mapping[str, str]] = {
        "tpi": "kWh",
        "tpo": "kWh",
        "tqi": "kvarh",
        "tqo": "kvarh",
        "vcc": "V",
        "rssi": "dBm",
        "temp": "°C",
        "up": "s",
        "rth": "kWh",
        "rtd": "kWh",
        "rtm": "kWh",
    }
