"""Meshtastic in JSON: `msh/{region}/2/json/{channel}/{gateway}`.

A node is known by `from`, whichever gateway heard it.
https://meshtastic.org/docs/software/integrations/mqtt/
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.descriptions import Description
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import ABSENT, Record

_SCALES = {"latitude_i": ("latitude", 1e7), "longitude_i": ("longitude", 1e7)}
_HUNDREDTHS = frozenset({"HDOP", "PDOP", "VDOP"})
# Of a position: what tells of the fix, not of where it is.
_IGNORED = frozenset({"time", "id", "precision_bits", "seq_number", "timestamp"})


def node_name(number: int) -> str:
    """Return a node's number as its network writes it; older firmware writes it signed."""
    return f"!{number & 0xFFFFFFFF:08x}"


def _packet(said: Said) -> None:
    value = parse(said.packet, said.limits)
    sender = value.get("from") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(sender, int):
        return
    device, told = node_name(sender), value.get("payload")
    kind = value.get("type")
    if not isinstance(told, dict):
        return
    kind = kind if isinstance(kind, str) else ""
    if kind == "nodeinfo":
        message = said.of(device)
        name = told.get("longname")
        message.is_about = True
        message.description = Description(name=name if isinstance(name, str) else "")
    elif kind in {"telemetry", "position"}:
        given = told.get("time") if kind == "position" else None
        at = given or value.get("timestamp") or ABSENT
        said.take(device, Record(_values(told), at))


def _values(told: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in told.items():
        if name in _IGNORED:
            continue
        if name in _SCALES and _is_small(value):
            short, scale = _SCALES[name]
            found[short] = value / scale
        elif name in _HUNDREDTHS and _is_small(value):
            found[name] = value / 100
        elif not (name == "battery_level" and value == 101):  # on external power
            found[name] = value
    return found


def _is_small(value: object) -> bool:
    return isinstance(value, int | float) and -_LARGE < value < _LARGE


# Of 32 bits, as they are sent.
_LARGE = 2**33


class Meshtastic(Layout):
    """Telemetry and positions of nodes."""

    name: ClassVar[str] = "meshtastic"
    label: ClassVar[str] = "Meshtastic"
    bases = ("msh",)
    rules = (
        *nothing("{base}/{x*}/json/mqtt/#", "{base}/{x*}/e/#", "{base}/{x*}/map/#"),
        Rule(topic="{base}/{region*}/json/{channel}/{gateway}", read=_packet, tells=True),
        presence("{base}/{region*}/stat/{gateway}", "{gateway}", tells=True),
    )
    units: ClassVar[Mapping[str, str]] = {
        "batterylevel": "%",
        "voltage": "V",
        "channelutilization": "%",
        "airutiltx": "%",
        "temperature": "°C",
        "relativehumidity": "%",
        "barometricpressure": "hPa",
        "gasresistance": "MΩ",
        "current": "mA",
        "uptimeseconds": "s",
        "latitude": "°",
        "longitude": "°",
        "altitude": "m",
        "groundspeed": "m/s",
    }
