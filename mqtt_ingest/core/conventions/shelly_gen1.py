"""Shelly, first generation: `shellies/{id}/relay/0/power` and its kin.

https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence, values
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.reading import USUAL, parse


def _word(said: Said) -> None:
    """Take a sensor's word as it is: of a gas alarm `none` is a state."""
    said.limits = replace(said.limits, no_reading=frozenset())
    word = decode_text(said.packet.payload, said.limits).strip()
    if word:
        said.read(said.topic["device"], word, f"sensor.{said.topic['what']}")


def _event(said: Said) -> None:
    """Keep a button's press as a text: it is no state."""
    value = parse(said.packet, said.limits)
    word = value.get("event") if isinstance(value, dict) else None
    if isinstance(word, str) and word:
        said.read(said.topic["device"], word, f"input_event.{said.topic['number']}")


class ShellyGen1(Layout):
    """States, meters and sensors below `shellies/`."""

    name: ClassVar[str] = "shelly_gen1"
    label: ClassVar[str] = "Shelly, first generation"
    bases = ("shellies",)
    style = replace(USUAL, time_keys=("unixtime",))
    rules = (
        presence("{base}/{device}/online", online=("true",), offline=("false",), tells=True),
        Rule(topic="{base}/{device}/input_event/{number}", read=_event),
        Rule(topic="{base}/{device}/sensor/{what:gas|operation|self_test}", read=_word, tells=True),
        *nothing("{base}/announce", "{base}/command", "{base}/{device}/announce"),
        *nothing("{base}/{device}/info", "{base}/{device}/command"),
        *nothing("{base}/{device*}/command", "{base}/{device*}/set"),
        values("{base}/{device}/{metric*}", tells=True),
    )
    unit_patterns = (
        (r"emeter\.\d+\.total(_returned)?", "Wh"),
        (r"emeter\.\d+\.(energy|returned_energy)", "W·min"),
        (r"(relay|light|roller|white|color)\.\d+\.energy", "W·min"),
        (r".*temperature_f", "°F"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "power": "W",
        "reactivepower": "var",
        "voltage": "V",
        "current": "A",
        "temperature": "°C",
        "humidity": "%",
        "battery": "%",
        "concentration": "ppm",
        "lux": "lx",
        "brightness": "%",
        "pos": "%",
        "tilt": "°",
    }
