"""DSMR-reader: Dutch and Belgian P1 meters; https://dsmr-reader.readthedocs.io."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, values
from mqtt_ingest.core.reading import USUAL

_STYLE = replace(
    USUAL, ignored=frozenset({"id", "dsmrversion", "electricitytariff", "extradevicetimestamp"})
)


class DsmrReader(Layout):
    """One meter: nothing in a topic names it."""

    name: ClassVar[str] = "dsmr_reader"
    label: ClassVar[str] = "DSMR-reader"
    bases = ("dsmr",)
    style = _STYLE
    rules = (
        *nothing("{base}/raw", "{base}/{x*}/timestamp|read_at|extra_device_timestamp|id"),
        *nothing("{base}/meter-stats/electricity_tariff|dsmr_version|rejected_telegrams"),
        values("{base}/json", "{base}", tells=True),
        values("{base}/{part:reading}/{metric*}", "{base}", tells=True),
        values("{base}/{part:consumption/gas}/{metric*}", "{base}", metric="gas.{metric}"),
        values("{base}/{part:[a-z-]+}/{metric*}", "{base}", metric="{part}.{metric}"),
    )
    unit_patterns = (
        (r"(.*\.)?electricity_(delivered|returned)_\d", "kWh"),
        (r"(.*\.)?(electricity_currently|phase_currently)_\w+", "kW"),
        (r"(.*\.)?phase_voltage_\w+", "V"),
        (r"(.*\.)?phase_power_current_\w+", "A"),
        (r"(.*\.)?extra_device_delivered|gas\.delivered", "m³"),
    )
    units: ClassVar[Mapping[str, str]] = {}
