"""Shelly, second generation and later: `{id}/events/rpc` and `{id}/status/{component}`.

https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.reading import USUAL, parse
from mqtt_ingest.core.records import ABSENT, Record

_STATUS = replace(
    USUAL,
    time_keys=(),
    ignored=frozenset(
        {"id", "byminute", "minutets", "lastupdatedts", "packetid", "rsv", "cfgrev", "kvsrev"}
        | {"schedulerev", "webhookrev", "unixtime", "lastsyncts", "transition", "utcoffset"}
    ),
)
_COMPONENT = r"[a-z][a-z0-9_]*(?::\d+)?"


def _status(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if isinstance(value, dict):
        said.read(said.topic["device"], value, said.topic["component"], _STATUS)


def _rpc(said: Said) -> None:
    frame = parse(said.packet, said.limits)
    parameters = frame.get("params") if isinstance(frame, dict) else None
    if not isinstance(frame, dict) or not isinstance(parameters, dict):
        return
    given = parameters.get("ts", ABSENT)
    if frame.get("method") == "NotifyEvent":
        _events(said, parameters)
        return
    for component, state in parameters.items():
        if isinstance(state, dict):
            _component(said, component, state, given)


def _component(said: Said, component: str, state: dict[str, Any], given: object) -> None:
    """Take what a notification says of one component, at the notification's time."""
    if given is not ABSENT:
        state = {**state, "ts": given}
    style = replace(_STATUS, time_keys=("ts",))
    said.read(said.topic["device"], state, component, style)


def _events(said: Said, parameters: Mapping[str, Any]) -> None:
    """Keep events as texts; what a Bluetooth sensor sent in one is its own reading."""
    events = parameters.get("events")
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, dict):
            continue
        data, word = event.get("data"), event.get("event")
        given = event.get("ts", parameters.get("ts", ABSENT))
        if isinstance(data, dict) and isinstance(data.get("address", data.get("addr")), str):
            address = str(data.get("address", data.get("addr")))
            said.read(address, {**data, "ts": given} if given is not ABSENT else data, style=_BLU)
        elif isinstance(word, str) and word:
            metric = f"{event.get('component', 'event')}.event"
            said.take(said.topic["device"], Record({metric: word}, given))


_BLU = replace(
    USUAL,
    ignored=frozenset({"pid", "address", "addr", "encryption", "bthomeversion", "gateway", "mac"}),
)


class ShellyGen2(Layout):
    """Notifications and states of components."""

    name: ClassVar[str] = "shelly_gen2"
    label: ClassVar[str] = "Shelly"
    rules = (
        Rule(topic="{device*}/events/rpc", read=_rpc, tells=True),
        Rule(topic=f"{{device*}}/status/{{component:{_COMPONENT}}}", read=_status, tells=True),
        presence("{device*}/online", online=("true",), offline=("false",)),
        *nothing("{device*}/rpc", "{device*}/command/+"),
    )
    unit_patterns = (
        (r".*[eE]nergy\.total|.*ret_aenergy\.total|emdata.*", "Wh"),
        (r".*\.battery\.percent|.*\.battery|battery", "%"),
        (r".*\.battery\.V", "V"),
        (r"(temperature.*|.*\.temperature)\.tC", "°C"),
        (r"(temperature.*|.*\.temperature)\.tF", "°F"),
        (r".*act_power|.*\.apower|total_act_power", "W"),
        (r".*aprt_power", "VA"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "apower": "W",
        "voltage": "V",
        "current": "A",
        "freq": "Hz",
        "tc": "°C",
        "tf": "°F",
        "currentc": "°C",
        "targetc": "°C",
        "rh": "%",
        "lux": "lx",
        "illuminance": "lx",
        "rssi": "dBm",
        "uptime": "s",
        "ramfree": "B",
        "ramsize": "B",
        "fsfree": "B",
        "fssize": "B",
        "battery": "%",
        "humidity": "%",
        "temperature": "°C",
        "rotation": "°",
        "pos": "%",
        "currentpos": "%",
        "targetpos": "%",
        "brightness": "%",
        "percent": "%",
    }
