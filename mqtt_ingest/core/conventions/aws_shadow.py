"""AWS IoT device shadows: what a thing reports, never what is desired of it.

https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
"""

from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.reading import parse

_THING = "$aws/things/{device}/shadow"


def _update(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if isinstance(value, dict) and isinstance(value.get("current"), dict):
        value = {**value, **value["current"]}
    state = value.get("state") if isinstance(value, dict) else None
    reported = state.get("reported") if isinstance(state, dict) else None
    if isinstance(value, dict) and isinstance(reported, dict):
        timed = {**reported, "timestamp": value["timestamp"]} if "timestamp" in value else reported
        said.read(said.topic["device"], timed, said.topic.get("shadow", ""))


class AwsShadow(Layout):
    """Things by their names."""

    name: ClassVar[str] = "aws_shadow"
    label: ClassVar[str] = "AWS IoT device shadow"
    rules = tuple(
        rule
        for base in ("", "{prefix*}/")
        for rule in (
            Rule(topic=f"{base}{_THING}/update", read=_update, tells=True),
            Rule(topic=f"{base}{_THING}/update/accepted", read=_update),
            Rule(topic=f"{base}{_THING}/update/documents", read=_update),
            Rule(topic=f"{base}{_THING}/get/accepted", read=_update),
            Rule(topic=f"{base}{_THING}/name/{{shadow}}/update", read=_update),
            Rule(topic=f"{base}{_THING}/name/{{shadow}}/update/accepted", read=_update),
            *nothing(f"{base}{_THING}/#"),
        )
    )
