"""Bluetooth gateways: OpenMQTTGateway and Theengs: `home/{gateway}/BTtoMQTT/{MAC}`.

A sensor is known by its address, whichever gateway hears it.
https://docs.openmqttgateway.com, https://gateway.theengs.io
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from devices import units as known_units
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence, values
from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(
    USUAL,
    time_keys=("unixtime", "utctime"),
    ignored=frozenset(
        {"id", "mac", "mactype", "brand", "model", "modelid", "type", "name", "mfr", "mfid"}
        | {"servicedata", "servicedatauuid", "manufacturerdata", "uuid", "major", "minor", "cidc"}
        | {"acts", "cont", "track", "encr", "avgu", "sumu", "mic", "packet", "device", "prmac"}
    ),
)


def address_of(text: str) -> str:
    """Return an address as it is stored: in capitals, without colons."""
    return text.replace(":", "").upper()


def _sensor(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict):
        return
    told = value.get("id", value.get("mac"))
    address = told if isinstance(told, str) and told else said.topic["address"]
    device = address_of(address)
    said.read(device, value)
    message = said.of(device)
    _units_beside(said, device, value)
    words = {"name": value.get("name"), "model": value.get("model")}
    words["manufacturer"] = value.get("brand")
    named = {key: word for key, word in words.items() if isinstance(word, str)}
    if message.samples:
        said.describe(device, **named)


def _units_beside(said: Said, device: str, value: Mapping[str, Any]) -> None:
    """Take units that stand beside their values (`sum` and `sumu`), and those of tyres."""
    told = {
        name: value[f"{name}u"]
        for name in value
        if isinstance(value.get(f"{name}u"), str) and known_units.is_known(value[f"{name}u"])
    }
    if value.get("type") == "TIRE" and "pres" in value:
        told["pres"] = "bar"
    series = {
        name: SeriesDescription(unit=known_units.normalised(unit), unit_as_sent=unit)
        for name, unit in told.items()
    }
    if series:
        said.describe(device, series=series)


class BleGateways(Layout):
    """What Bluetooth sensors send, and the gateways' own state."""

    name: ClassVar[str] = "ble_gateways"
    label: ClassVar[str] = "OpenMQTTGateway, Theengs"
    bases = ("home",)
    style = _STYLE
    rules = (
        Rule(topic="{base}/{gateway}/BTtoMQTT/{address}", read=_sensor, tells=True, anywhere=True),
        presence("{base}/{gateway}/LWT", "{gateway}"),
        values("{base}/{gateway}/SYStoMQTT", "{gateway}", tells=True),
        values("{base}/{gateway}/LORAtoMQTT", "{gateway}", tells=True, anywhere=True),
        values("{base}/{gateway}/{what:[A-Z]+}toMQTT/{sensor}", "{gateway}", metric="{sensor}"),
        *nothing("{base}/{gateway}/{what:[A-Za-z0-9_]+}toMQTT", "{base}/{gateway}/commands/#"),
        *nothing("{base}/{gateway}/MQTTto{what}/#", "{base}/{gateway}/version"),
        *nothing("{base}/{gateway}/BTtoMQTT", "{base}/presence/#", "{base}/internal/#"),
    )
    unit_patterns = ((r"tempc\d*(_\w+)?", "°C"), (r"tempf\d*(_\w+)?", "°F"))
    units: ClassVar[Mapping[str, str]] = {
        "hum": "%",
        "pres": "hPa",
        "accx": "m/s²",
        "accy": "m/s²",
        "accz": "m/s²",
        "volt": "V",
        "batt": "%",
        "moi": "%",
        "lux": "lx",
        "fer": "µS/cm",
        "rssi": "dBm",
        "distance": "m",
        "txpower": "dBm",
        "dp": "°C",
        "pm": "µg/m³",
        "pm25": "µg/m³",
        "pm10": "µg/m³",
        "co2": "ppm",
        "for": "ppb",
        "weight": "kg",
        "snr": "dB",
        "uptime": "s",
        "current": "A",
        "power": "W",
        "energy": "kWh",
    }
