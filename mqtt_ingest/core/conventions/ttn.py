"""The Things Stack v3: `v3/{application}@{tenant}/devices/{device}/up`.

https://www.thethingsindustries.com/docs/integrations/other-integrations/mqtt/
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.conventions.lorawan import UNIT_PATTERNS, UNITS, best_gateway
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import ABSENT, Record


def _up(said: Said) -> None:
    value = parse(said.packet, said.limits)
    uplink = value.get("uplink_message") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(uplink, dict):
        return
    device = f"{said.topic['application']}/{said.topic['device']}"
    given = value.get("received_at", uplink.get("received_at", ABSENT))
    decoded = uplink.get("decoded_payload")
    if isinstance(decoded, dict):
        said.read(device, {**decoded, "ts": given} if given is not ABSENT else decoded)
    radio = best_gateway(uplink.get("rx_metadata"))
    if radio:
        said.take(device, Record({f"lora.{k}": v for k, v in radio.items()}, given))
    if device in said.messages:
        said.describe(device, **_described(said.topic["device"], uplink))


def _described(name: str, uplink: Mapping[str, Any]) -> dict[str, str]:
    version = uplink.get("version_ids")
    told = version if isinstance(version, dict) else {}
    words = {"model": told.get("model_id"), "manufacturer": told.get("brand_id")}
    return {"name": name} | {key: str(word) for key, word in words.items() if word}


class TheThingsStack(Layout):
    """What devices' decoders make of uplinks, and how well they were heard."""

    name: ClassVar[str] = "ttn"
    label: ClassVar[str] = "The Things Stack"
    rules = (
        Rule(topic="v3/{application}/devices/{device}/up", read=_up, tells=True),
        *nothing("v3/{application}/devices/{device}/#"),
    )
    units = UNITS
    unit_patterns = UNIT_PATTERNS
