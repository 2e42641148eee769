"""EMQX Neuron: `{"timestamp", "node", "group", "values" or "tags"}` on topics of one's choice.

https://docs.emqx.com/en/neuronex/latest/configuration/north-apps/mqtt/api.html
"""

from dataclasses import replace
from typing import Any, ClassVar

import orjson

from mqtt_ingest.core.conventions.layout import BaseOptions, Layout, Rule, Said, nothing
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(USUAL, time_keys=("timestamp",))


def is_upload(value: object) -> bool:
    """Return whether `value` is what a driver uploads."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("node"), str)
        and isinstance(value.get("group"), str)
        and (isinstance(value.get("values"), dict) or isinstance(value.get("tags"), list))
    )


def _is_own(packet: Packet) -> bool:
    return is_upload(orjson.loads(packet.payload))


def _read(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not is_upload(value):
        return
    assert isinstance(value, dict)
    told: dict[str, Any] = {"values": value.get("values", value.get("tags"))}
    if "timestamp" in value:
        told["timestamp"] = value["timestamp"]
    said.read(f"{value['node']}/{value['group']}", told, style=_STYLE)


class Neuron(Layout):
    """Tags by node and group."""

    name: ClassVar[str] = "neuron"
    label: ClassVar[str] = "EMQX Neuron"
    Options = BaseOptions
    bases = ("/neuron",)
    rules = (
        *nothing("{base}/{driver}/write/#", "{base}/{driver}/read/#", "{base}/{driver}/state"),
        Rule(topic="{base}/{driver}", read=_read, tells=_is_own, anywhere=True),
        Rule(topic="{base}/{driver}/upload", read=_read, tells=_is_own),
    )
