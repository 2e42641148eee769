"""ThingsBoard's device and gateway API: https://thingsboard.io/docs/reference/mqtt-api/.

Who speaks on the device API is told by the user name alone, which a subscriber does not see:
all of them are the one device `me`, unless MQTT 5 user properties name it.
"""

from dataclasses import replace
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(USUAL, time_keys=("ts",))
_NO_TIME = replace(USUAL, time_keys=())


def _telemetry(said: Said) -> None:
    named = dict(said.packet.properties.user).get("device", "")
    _read(said, named or "me", parse(said.packet, said.limits))


def _read(said: Said, device: str, value: Any) -> None:
    """Take values; an object gives a time only with `ts` beside `values`."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            is_timed = "ts" in item and isinstance(item.get("values"), dict)
            said.read(device, item, style=_STYLE if is_timed else _NO_TIME)


def _gateway(said: Said) -> None:
    value = parse(said.packet, said.limits)
    for device, told in value.items() if isinstance(value, dict) else ():
        if device:
            _read(said, device, told)


def _presence(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict):
        return
    device = value.get("device")
    if isinstance(device, str) and device:
        is_there = said.topic["what"] == "connect"
        said.of(device).status = "online" if is_there else "offline"
        kind = value.get("type")
        if isinstance(kind, str):
            said.describe(device, model=kind)


class ThingsBoard(Layout):
    """Telemetry of devices and gateways, and who is connected to a gateway."""

    name: ClassVar[str] = "thingsboard"
    label: ClassVar[str] = "ThingsBoard"
    rules = (
        Rule(topic="v1/devices/me/telemetry", read=_telemetry, tells=True),
        Rule(topic="v2/t|v2/t/j", read=_telemetry),
        Rule(topic="v1/gateway/telemetry", read=_gateway, tells=True),
        Rule(topic="v1/gateway/{what:connect|disconnect}", read=_presence, tells=True),
        *nothing("v1/devices/me/#", "v1/gateway/#"),
    )
