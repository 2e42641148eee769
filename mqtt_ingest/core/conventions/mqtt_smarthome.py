"""mqtt-smarthome: `{instance}/status/{item}` with `val` and `ts`.

https://github.com/mqtt-smarthome/mqtt-smarthome
"""

from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.reading import USUAL, parse
from mqtt_ingest.core.records import ABSENT, Record

_STYLE = replace(USUAL, time_keys=("ts",), ignored=frozenset({"lc"}))


def _is_item(packet: Packet) -> bool:
    return b'"val"' in packet.payload and b'"ts"' in packet.payload


def _status(said: Said) -> None:
    value = parse(said.packet, said.limits)
    metric = said.topic["metric"].replace("/", ".")
    if isinstance(value, dict):
        if "val" in value:
            said.take(said.topic["base"], Record({metric: value["val"]}, _time(value)))
    elif said.packet.payload:
        said.read(said.topic["base"], value, metric, _STYLE)


def _time(value: dict[str, object]) -> object:
    return value.get("ts", ABSENT)


class MqttSmarthome(Layout):
    """Items of an interface such as knx2mqtt or hm2mqtt."""

    name: ClassVar[str] = "mqtt_smarthome"
    label: ClassVar[str] = "mqtt-smarthome"
    rules = (
        presence("{base}/connected", "{base}", online=("1", "2"), offline=("0",)),
        *nothing("{base}/set/#", "{base}/get/#", "{base}/command/#"),
        Rule(topic="{base}/status/{metric*}", read=_status, tells=_is_item, anywhere=True),
    )
