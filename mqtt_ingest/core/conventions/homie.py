"""The Homie convention, versions 3 to 5: https://homieiot.github.io/specification/."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from devices import units as known_units
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, word_of
from mqtt_ingest.core.descriptions import Description, Kind, SeriesDescription
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.records import Record

_KINDS: dict[str, Kind] = {
    **{"integer": "number", "float": "number", "boolean": "boolean", "string": "text"},
    **{"enum": "text", "color": "text", "datetime": "text", "duration": "text", "json": "text"},
}
# What a device says when it is there; while it sleeps or starts, nothing is known.
_ONLINE, _OFFLINE = frozenset({"ready", "alert"}), frozenset({"disconnected", "lost"})


def _device_state(said: Said) -> None:
    word = word_of(said)
    if word in _ONLINE:
        said.of(said.topic["device"]).status = "online"
    elif word in _OFFLINE:
        said.of(said.topic["device"]).status = "offline"


def _device_attribute(said: Said) -> None:
    """Take the device's name, or (version 5) its whole description."""
    text, what = decode_text(said.packet.payload, said.limits), said.topic["attribute"]
    device = said.topic["device"]
    if what == "name":
        _about(said, device, Description(name=text))
    else:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if isinstance(value, dict):
            _version_5(said, device, value)


def _firmware(said: Said) -> None:
    text = decode_text(said.packet.payload, said.limits).strip()
    _about(said, said.topic["device"], Description(firmware=text))


def _about(said: Said, device: str, description: Description) -> None:
    message = said.of(device)
    message.is_about, message.description = True, description


def _version_5(said: Said, device: str, value: Mapping[str, Any]) -> None:
    """Take a description document."""
    series: dict[str, SeriesDescription] = {}
    nodes = value.get("nodes")
    for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
        properties = node.get("properties") if isinstance(node, dict) else None
        for name, one in properties.items() if isinstance(properties, dict) else ():
            if isinstance(one, dict):
                metric = f"{node_id}.{name}"
                series[metric] = _series(one.get("datatype"), one.get("unit"), one.get("name"))
                said.convention.state.put(f"kind:{device}/{metric}", one.get("datatype"))
    name, parent = value.get("name"), value.get("parent") or value.get("root")
    description = Description(
        name=name if isinstance(name, str) else "",
        parent=parent if isinstance(parent, str) and parent != device else "",
        series=series,
    )
    _about(said, device, description)


def _series(datatype: object, unit: object, label: object) -> SeriesDescription:
    spelt = unit if isinstance(unit, str) else ""
    return SeriesDescription(
        unit=known_units.normalised(spelt),
        unit_as_sent=spelt,
        kind=_KINDS.get(str(datatype)),
        label=label if isinstance(label, str) else "",
    )


def _property_attribute(said: Said) -> None:
    """Take `$name`, `$unit` or `$datatype` of a property (versions 3 and 4)."""
    device, metric = said.topic["device"], f"{said.topic['node']}.{said.topic['property']}"
    text = decode_text(said.packet.payload, said.limits).strip()
    told: dict[str, Any] = {"datatype": None, "unit": None, "name": None}
    if said.topic["attribute"] in told and text:
        told[said.topic["attribute"]] = text
        if told["datatype"]:
            said.convention.state.put(f"kind:{device}/{metric}", text)
        described = _series(told["datatype"], told["unit"], told["name"])
        _about(said, device, Description(series={metric: described}))


def _property(said: Said) -> None:
    if not said.packet.payload or said.packet.payload == b"\0":
        return
    device, metric = said.topic["device"], f"{said.topic['node']}.{said.topic['property']}"
    text = decode_text(said.packet.payload, said.limits)
    kind = _KINDS.get(str(said.convention.state.get(f"kind:{device}/{metric}")))
    message = said.of(device)
    if kind == "text":
        message.description = Description(series={metric: SeriesDescription(kind="text")})
    said.take(device, Record({metric: text}))


class Homie(Layout):
    """Properties with their units and kinds, and the device's state."""

    name: ClassVar[str] = "homie"
    label: ClassVar[str] = "Homie"
    is_stateful: ClassVar[bool] = True
    bases = ("homie", "homie/5")
    rules = (
        *nothing("{base}/$broadcast/#", "{base}/{device}/$stats/#", "homie/5"),
        *nothing("{base}/{device}/{node}/{property}/set"),
        *nothing("{base}/{device}/{node}/{property}/$target"),
        Rule(topic="{base}/{device:[a-z0-9_-]{2,}}/$state", read=_device_state, tells=True),
        Rule(topic="{base}/{device:[a-z0-9_-]{2,}}/$homie", read=None, tells=True, anywhere=True),
        Rule(
            topic="{base}/{device:[a-z0-9_-]{2,}}/${attribute:name|description}",
            read=_device_attribute,
            tells=True,
        ),
        *nothing("{base}/{device}/${attribute}", "{base}/{device}/{node}/${attribute}"),
        Rule(topic="{base}/{device}/$fw/version", read=_firmware),
        *nothing("{base}/{device}/$implementation/#", "{base}/{device}/$fw/#"),
        Rule(
            topic="{base}/{device}/{node}/{property}/${attribute}",
            read=_property_attribute,
            tells=True,
        ),
        Rule(
            topic="{base}/{device:[a-z0-9_-]{2,}}/{node:[^$/][^/]*}/{property:[^$/][^/]*}",
            read=_property,
        ),
    )
