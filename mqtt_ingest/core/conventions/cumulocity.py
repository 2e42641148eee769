"""Cumulocity's static templates (SmartREST 2.0): lines of comma-separated values on `s/us`.

https://cumulocity.com/docs/smartrest/mqtt-static-templates/
"""

import csv
from typing import ClassVar

from devices import units
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.records import ABSENT, Record

# Template -> metric and unit of what has one value and a time.
_ONE = {"211": ("c8y_TemperatureMeasurement.T", "°C"), "212": ("c8y_Battery.level", "%")}
_MEASUREMENT, _SIGNAL, _POSITION = "200", "210", ("401", "402")


def _lines(said: Said) -> None:
    device = said.topic.get("device") or dict(said.packet.properties.user).get(
        "device", said.packet.topic
    )
    text = decode_text(said.packet.payload, said.limits)
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise Undecodable("not_csv", str(error)) from error
    for index, row in enumerate(rows):
        record = _record(row)
        if record is not None:
            said.take(device, record, index)


def _record(row: list[str]) -> Record | None:
    template, values = (row[0], row[1:]) if row else ("", [])
    if template == _MEASUREMENT and len(values) >= 3:
        fragment, series, value, unit, at = (*values, "", "")[:5]
        return _one(f"{fragment}.{series}", value, unit, at)
    if template in _ONE and values:
        metric, unit = _ONE[template]
        return _one(metric, values[0], unit, values[1] if len(values) > 1 else "")
    if template == _SIGNAL and values:
        return _one("c8y_SignalStrength.rssi", values[0], "dBm", "".join(values[2:3]))
    if template in _POSITION and len(values) >= 2:
        return Record({"lat": values[0], "lng": values[1]})
    return None


def _one(metric: str, value: str, unit: str, at: str) -> Record:
    described = {
        metric: SeriesDescription(unit=units.normalised(unit), unit_as_sent=unit),
    }
    return Record({metric: value}, at or ABSENT, described if unit else {})


class Cumulocity(Layout):
    """Measurements; the device is its client, which only a longer topic tells."""

    name: ClassVar[str] = "cumulocity"
    label: ClassVar[str] = "Cumulocity"
    rules = (
        Rule(topic="s/us", read=_lines, tells=True),
        Rule(topic="s/us/{device}", read=_lines, tells=True),
        *nothing("s/ds", "s/ds/#", "s/e", "s/uc/#", "s/dc/#", "s/ut/#"),
    )
