"""ChirpStack v3 and v4: `application/{id}/device/{DevEUI}/event/{event}`.

https://www.chirpstack.io/docs/chirpstack/integrations/mqtt.html
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.conventions.lorawan import UNIT_PATTERNS, UNITS, best_gateway
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import ABSENT, Record


def _object(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the decoder made, which version 3 sends as a text."""
    decoded = value.get("object")
    text = value.get("objectJSON")
    if decoded is None and isinstance(text, str) and text:
        try:
            decoded = orjson.loads(text)
        except orjson.JSONDecodeError:
            decoded = None
    return decoded if isinstance(decoded, dict) else {}


def _time(value: Mapping[str, Any]) -> object:
    """Return when the packet was received, as far as a gateway or the server tells."""
    heard = value.get("rxInfo")
    gateways = heard if isinstance(heard, list) else []
    times = [one.get("time") for one in gateways if isinstance(one, dict)]
    own = [value.get("time"), value.get("publishedAt")]
    return next((time for time in [own[0], *times, own[1]] if time), ABSENT)


def _up(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict):
        return
    device, given = said.topic["device"].lower(), _time(value)
    decoded = _object(value)
    if decoded:
        said.read(device, {**decoded, "ts": given} if given is not ABSENT else decoded)
    radio = best_gateway(value.get("rxInfo"))
    if radio:
        said.take(device, Record({f"lora.{k}": v for k, v in radio.items()}, given))
    _describe(said, device, value)


def _status(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict):
        return
    device = said.topic["device"].lower()
    told = {"margin": value.get("margin")}
    is_void = value.get("externalPowerSource") or value.get("batteryLevelUnavailable")
    if not is_void and "batteryLevel" in value:
        told["batteryLevel"] = value["batteryLevel"]
    said.take(device, Record({k: v for k, v in told.items() if v is not None}, _time(value)))
    _describe(said, device, value)


def _describe(said: Said, device: str, value: Mapping[str, Any]) -> None:
    info = value.get("deviceInfo")
    told = info if isinstance(info, dict) else value
    name, profile = told.get("deviceName"), told.get("deviceProfileName")
    if isinstance(name, str) and name and device in said.messages:
        said.describe(device, name=name, model=profile if isinstance(profile, str) else "")


class ChirpStack(Layout):
    """What devices' codecs make of uplinks, their battery and margin, and how they were heard."""

    name: ClassVar[str] = "chirpstack"
    label: ClassVar[str] = "ChirpStack"
    rules = (
        Rule(topic="application/{application}/device/{device}/event/up", read=_up, tells=True),
        Rule(topic="application/{application}/device/{device}/event/status", read=_status),
        Rule(topic="application/{application}/device/{device}/rx", read=_up, tells=True),
        *nothing("application/{application}/device/{device}/#"),
    )
    units = UNITS
    unit_patterns = UNIT_PATTERNS
