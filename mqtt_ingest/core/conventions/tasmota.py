"""Tasmota: `tele/{topic}/SENSOR` and its kin, in both orders of topic and prefix.

https://tasmota.github.io/docs/MQTT/
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.reading import USUAL, parse

# Where `Epoch` is switched on it is UTC; `Time` is local.
_STYLE = replace(
    USUAL,
    time_keys=("epoch", "time"),
    ignored=frozenset({"tempunit", "pressureunit", "speedunit", "ssid", "bssid"}),
)
_POWER = re.compile(r"POWER\d*|Dimmer|Channel\d*|CT|Shutter\d+")
_UNIT_OF = {"TempUnit": ("temperature", "dewpoint"), "PressureUnit": ("pressure", "seapressure")}


def _sensor(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if isinstance(value, dict):
        value = value.get("StatusSNS", value.get("StatusSTS", value))
    if not isinstance(value, dict):
        return
    said.read(said.topic["device"], value)
    _tell_units(said, value)


def _tell_units(said: Said, value: Mapping[str, Any]) -> None:
    """Take the units that the packet itself tells for all of its kind."""
    message = said.of(said.topic["device"])
    if value.get("TempUnit") != "F" or message.description is None:
        return
    for metric, told in message.description.series.items():
        if told.unit == "°C":
            changed = replace(told, unit="°F", unit_as_sent="F")
            said.describe(message.native_id, series={metric: changed})


def _result(said: Said) -> None:
    """Take states and what came by radio from the answers to commands; the rest is talk."""
    value = parse(said.packet, said.limits)
    if isinstance(value, dict):
        told = {k: v for k, v in value.items() if k == "ZbReceived" or _POWER.fullmatch(k)}
        if told:
            said.read(said.topic["device"], told)


def _power(said: Said) -> None:
    said.read(said.topic["device"], parse(said.packet, said.limits), said.topic["what"])


def _both(topic: str, read: Any, *, tells: bool = False) -> tuple[Rule, Rule]:
    """Return a rule for the topic with the prefix first, and with it behind the device."""
    prefix, _, last = topic.partition("/")
    first = Rule(topic=f"{prefix}/{{device*}}/{last}", read=read, tells=tells)
    return first, Rule(topic=f"{{device*}}/{prefix}/{last}", read=read, tells=tells)


def _lwt(topic: str) -> Rule:
    return presence(topic, online=("online",), offline=("offline",), tells=True)


class Tasmota(Layout):
    """Tasmota's telemetry, states and last will."""

    name: ClassVar[str] = "tasmota"
    label: ClassVar[str] = "Tasmota"
    style = _STYLE
    rules = (
        _lwt("tele/{device*}/LWT"),
        _lwt("{device*}/tele/LWT"),
        *_both("tele/SENSOR|STATE|ENERGY", _sensor, tells=True),
        *_both("stat/STATUS8|STATUS10|STATUS11", _sensor, tells=True),
        *_both("tele|stat/RESULT", _result),
        *_both("stat/{what:POWER\\d*}", _power),
        *nothing("tele/{device*}/+", "stat/{device*}/+", "cmnd/#", "tasmota/discovery/#"),
        *nothing("{device*}/tele/+", "{device*}/stat/+", "{device*}/cmnd/+"),
    )
    unit_patterns = (
        (r"VL53L\w*(-\d+)?\.Distance|SR04\.Distance", "mm"),
        (r"(.*\.)?APDS9960\.CCT", "K"),
        (r"(.*\.)?LwReceived\..*\.Battery", "V"),
        (r"ENERGY\.(Total|Yesterday|Today|TotalTariff|Export\w*)(\..*)?", "kWh"),
        (r"(Total|Yesterday|Today)", "kWh"),
        (r"Wifi\.RSSI", ""),
        (r"Wifi\.Signal", "dBm"),
        (r".*\.(Battery)", "%"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "temperature": "°C",
        "dewpoint": "°C",
        "objtmp": "°C",
        "ambtmp": "°C",
        "humidity": "%",
        "pressure": "hPa",
        "seapressure": "hPa",
        "illuminance": "lx",
        "carbondioxide": "ppm",
        "eco2": "ppm",
        "tvoc": "ppb",
        "power": "W",
        "apparentpower": "VA",
        "reactivepower": "var",
        "voltage": "V",
        "current": "A",
        "frequency": "Hz",
        "vcc": "V",
        "uptimesec": "s",
        "heap": "kB",
        "rssi": "dBm",
        "snr": "dB",
        "pm25": "µg/m³",
        "pm10": "µg/m³",
        "cf": "µg/m³",
        "pb": "",
    }
