"""Ruuvi Gateway: `ruuvi/{gateway}/{tag}` with a tag's advertisement in hex.

https://docs.ruuvi.com/communication/bluetooth-advertisements/data-format-5-rawv2
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.ble_gateways import address_of
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import ABSENT, Record

# Ruuvi's number among Bluetooth companies, as it is sent.
_COMPANY = b"\xff\x99\x04"
_FORMAT_5 = struct.Struct(">hHHhhhHBH")


def format_5(data: bytes) -> dict[str, float]:
    """Return the values of data format 5; what a tag marks as invalid is left out."""
    temperature, humidity, pressure, x, y, z, power, moves, sequence = _FORMAT_5.unpack(data)
    found = {
        "temperature": (temperature, -0x8000, temperature * 0.005),
        "humidity": (humidity, 0xFFFF, humidity * 0.0025),
        "pressure": (pressure, 0xFFFF, (pressure + 50_000) / 100),
        "acceleration_x": (x, -0x8000, x / 1_000),
        "acceleration_y": (y, -0x8000, y / 1_000),
        "acceleration_z": (z, -0x8000, z / 1_000),
        "battery_voltage": (power >> 5, 0x7FF, ((power >> 5) + 1_600) / 1_000),
        "tx_power": (power & 31, 31, (power & 31) * 2 - 40),
        "movements": (moves, 0xFF, moves),
        "sequence": (sequence, 0xFFFF, sequence),
    }
    return {name: round(value, 6) for name, (raw, void, value) in found.items() if raw != void}


def _tag(said: Said) -> None:
    value = parse(said.packet, said.limits)
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(data, str):
        return
    try:
        raw = bytes.fromhex(data)
    except ValueError as error:
        raise Undecodable("bad_value", "data: no bytes in hex") from error
    device = address_of(said.topic["address"])
    given = value.get("ts", ABSENT)
    at = raw.find(_COMPANY)
    if at >= 0 and raw[at + 3 : at + 4] == b"\x05" and len(raw) >= at + 4 + _FORMAT_5.size:
        values = format_5(raw[at + 4 : at + 4 + _FORMAT_5.size])
        said.take(device, Record({**values, "rssi": value.get("rssi")}, given))
        said.describe(device, model="RuuviTag", manufacturer="Ruuvi")
    elif "rssi" in value:
        said.take(device, Record({"rssi": value["rssi"]}, given))


class RuuviGateway(Layout):
    """Tags that a Ruuvi Gateway hears."""

    name: ClassVar[str] = "ruuvi"
    label: ClassVar[str] = "Ruuvi Gateway"
    bases = ("ruuvi",)
    rules = (
        presence("{base}/{gateway}/gw_status", "{gateway}", tells=True),
        Rule(topic="{base}/{gateway}/{address:[0-9A-Fa-f:]{12,17}}", read=_tag, tells=True),
        *nothing("{base}/#"),
    )
    units: ClassVar[Mapping[str, str]] = {
        "temperature": "°C",
        "humidity": "%",
        "pressure": "hPa",
        "batteryvoltage": "V",
        "rssi": "dBm",
        "txpower": "dBm",
        "accelerationx": "",
    }
