"""Domoticz: all devices on `domoticz/out`, by their `idx`.

https://www.domoticz.com/wiki/MQTT
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import Record

# By dtype: slot -> (metric, unit, what divides it).
_Slots = Mapping[str, tuple[str, str, float]]
_METER: _Slots = {
    "svalue1": ("usage_1", "Wh", 1),
    "svalue2": ("usage_2", "Wh", 1),
    "svalue3": ("return_1", "Wh", 1),
    "svalue4": ("return_2", "Wh", 1),
    "svalue5": ("power", "W", 1),
    "svalue6": ("power_returned", "W", 1),
}
_BY_TYPE: dict[str, _Slots] = {
    "Temp": {"svalue1": ("temperature", "°C", 1)},
    "Humidity": {"nvalue": ("humidity", "%", 1)},
    "Temp + Humidity": {
        "svalue1": ("temperature", "°C", 1),
        "svalue2": ("humidity", "%", 1),
    },
    "Temp + Humidity + Baro": {
        "svalue1": ("temperature", "°C", 1),
        "svalue2": ("humidity", "%", 1),
        "svalue4": ("pressure", "hPa", 1),
    },
    "P1 Smart Meter": _METER,
    "P1 Smart Meter/Gas": {"svalue1": ("gas", "dm³", 1)},
    "Rain": {"svalue1": ("rain_rate", "mm/h", 1), "svalue2": ("rain", "mm", 1)},
    "Wind": {
        "svalue1": ("wind_direction", "°", 1),
        "svalue3": ("wind_speed", "m/s", 10),
        "svalue4": ("wind_gust", "m/s", 10),
        "svalue5": ("temperature", "°C", 1),
        "svalue6": ("chill", "°C", 1),
    },
    "Lux": {"svalue1": ("illuminance", "lx", 1)},
    "Usage": {"svalue1": ("power", "W", 1)},
}
_BY_SUBTYPE: dict[str, _Slots] = {
    "Pressure": {"svalue1": ("pressure", "", 1)},
    "Barometer": {"svalue1": ("pressure", "hPa", 1)},
    "kWh": {"svalue1": ("power", "W", 1), "svalue2": ("energy", "Wh", 1)},
    "Gas": {"svalue1": ("gas", "dm³", 1)},
    "Percentage": {"svalue1": ("percentage", "%", 1)},
    "Voltage": {"svalue1": ("voltage", "V", 1)},
    "Current": {"svalue1": ("current", "A", 1)},
    "Switch": {"nvalue": ("state", "", 1)},
}
# What stands for that there is none.
_NO_BATTERY, _NO_SIGNAL = 255, 12


def _out(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict) or not isinstance(value.get("idx"), int):
        return
    device = str(value["idx"])
    slots = _BY_SUBTYPE.get(str(value.get("stype"))) or _BY_TYPE.get(str(value.get("dtype")))
    if slots is None:
        slots = {name: (name, "", 1) for name in ("nvalue", *(f"svalue{n}" for n in range(1, 7)))}
    values, units = _values(value, slots)
    if value.get("Battery", _NO_BATTERY) != _NO_BATTERY:
        values["battery"] = value["Battery"]
        units["battery"] = "%"
    described = {
        name: SeriesDescription(unit=unit, unit_as_sent=unit) for name, unit in units.items()
    }
    said.take(device, Record(values, described=described))
    name, kind = value.get("name"), value.get("dtype")
    said.describe(
        device,
        name=name if isinstance(name, str) else "",
        model=kind if isinstance(kind, str) else "",
    )


def _values(
    value: Mapping[str, Any], slots: _Slots, number: Callable[[Any], float] = float
) -> tuple[dict[str, object], dict[str, str]]:
    values: dict[str, object] = {}
    units: dict[str, str] = {}
    for slot, (name, unit, divisor) in slots.items():
        given = value.get(slot)
        if given in (None, ""):
            continue
        try:
            values[name] = given if divisor == 1 else number(given) / divisor
        except (TypeError, ValueError, OverflowError):
            values[name] = given
        if unit:
            units[name] = unit
    return values, units


class Domoticz(Layout):
    """Devices by `idx`, their slots named by their types."""

    name: ClassVar[str] = "domoticz"
    label: ClassVar[str] = "Domoticz"
    bases = ("domoticz",)
    rules = (
        Rule(topic="{base}/out", read=_out, tells=True),
        Rule(topic="{base}/out/#", read=_out),
        *nothing("{base}/in", "{base}/in/#"),
    )
