"""ESPHome: `{prefix}/sensor/{name}/state`; https://esphome.io/components/mqtt/."""

from typing import ClassVar

from mqtt_ingest.core.conventions.layout import (
    Layout,
    NotMine,
    Rule,
    Said,
    nothing,
    presence,
    values,
)
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import parse

_KINDS = (
    "sensor|binary_sensor|text_sensor|switch|number|select|light|fan|cover|climate|lock|valve"
    "|button|text|date|time|datetime|event|alarm_control_panel|update"
)


# Components whose state is an object.
_WITH_OBJECTS = frozenset({"light", "update", "event"})


def _is_bare(packet: Packet) -> bool:
    return not packet.payload.lstrip().startswith((b"{", b"["))


def _state(said: Said) -> None:
    """Take a component's state, which is bare but for a few: else it is another program's."""
    kind, metric = said.topic["kind"], said.topic["metric"]
    if not _is_bare(said.packet) and kind not in _WITH_OBJECTS:
        raise NotMine
    if said.packet.payload:
        said.read(said.topic["device"], parse(said.packet, said.limits), metric)


class EspHome(Layout):
    """Components' states and the node's last will."""

    name: ClassVar[str] = "esphome"
    label: ClassVar[str] = "ESPHome"
    rules = (
        Rule(topic=f"{{device*}}/{{kind:{_KINDS}}}/{{metric}}/state", read=_state, tells=_is_bare),
        values(
            "{device*}/climate|fan|cover|valve/{name}/{metric*}/state", metric="{name}.{metric}"
        ),
        presence("{device*}/status", online=("online",), offline=("offline",)),
        *nothing("{device*}/debug", f"{{device*}}/{_KINDS}/+/command", "{device*}/+/+/+/command"),
        *nothing("esphome/discover/#"),
    )
