"""rtl_433: radio sensors as events and, field by field, below `devices`.

A sensor is known by model, channel and id: an id alone is not unique.
https://triq.org/rtl_433/OPERATION.html
"""

import re
from dataclasses import replace
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.reading import USUAL, parse

_NAMES = ("model", "subtype", "channel", "id")
_IGNORED = frozenset(
    {"type", "model", "subtype", "channel", "id", "mic", "mod", "code", "unit", "learn", "button"}
    | {"data", "rawmsg", "sequencenum", "messagetype", "msgtype", "time", "brand", "raw", "freq"}
    | {"freq1", "freq2", "codes", "rowid", "cmd", "flags", "event", "counter", "count", "len"}
    | {"num_rows", "numrows", "rows", "protocol", "seq", "transmit", "group", "exchange"}
)
_STYLE = replace(USUAL, time_keys=("time",), ignored=_IGNORED - {"time"})
# As the program writes a topic's level.
_OTHER = re.compile(r"[^-.A-Za-z0-9]")


def _device(value: dict[str, Any]) -> str:
    parts = [value[name] for name in _NAMES if value.get(name) not in (None, "")]
    return "/".join(_OTHER.sub("_", str(part)) for part in parts)


def _event(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if isinstance(value, dict) and value.get("model"):
        said.read(_device(value), value)
        if said.messages:
            said.describe(_device(value), model=str(value["model"]))


def _field(said: Said) -> None:
    name = said.topic["field"]
    if name.lower().replace("_", "") not in _IGNORED and said.packet.payload:
        said.read(said.topic["device"], parse(said.packet, said.limits), name)


class Rtl433(Layout):
    """Sensors by model, channel and id."""

    name: ClassVar[str] = "rtl_433"
    label: ClassVar[str] = "rtl_433"
    bases = ("rtl_433",)
    style = _STYLE
    rules = (
        Rule(topic="{base}/{host}/events", read=_event, tells=True),
        Rule(topic="{base}/{host}/devices/{device*}/{field}", read=_field, tells=True),
        presence("{base}/{host}/availability", "rtl_433 {host}", tells=True),
        *nothing("{base}/{host}/states"),
    )
    unit_patterns = (
        (r".*_C", "°C"),
        (r".*_F", "°F"),
        (r".*_hPa", "hPa"),
        (r".*_kPa", "kPa"),
        (r".*_PSI", "psi"),
        (r".*_m_s", "m/s"),
        (r".*_km_h", "km/h"),
        (r".*_mi_h", "mph"),
        (r".*_mm", "mm"),
        (r".*_mm_h", "mm/h"),
        (r".*_in", "in"),
        (r".*_kWh", "kWh"),
        (r".*_W", "W"),
        (r".*_mV", "mV"),
        (r".*_V", "V"),
        (r".*_A", "A"),
        (r".*_deg", "°"),
        (r".*_lux", "lx"),
        (r".*_klx", "klx"),
    )
    units: ClassVar[dict[str, str]] = {"humidity": "%", "moisture": "%", "rssi": "dB", "snr": "dB"}
