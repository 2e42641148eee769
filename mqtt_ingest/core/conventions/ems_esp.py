"""EMS-ESP: `ems-esp/boiler_data` and its kin; https://docs.emsesp.org/MQTT/."""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values

_TYPES = (
    "boiler|thermostat|mixer|solar|heatpump|heatsource|switch|controller|connect|gateway|alert"
    "|pump|extension|ventilation|water|pool|analogsensor|temperaturesensor|custom|scheduler"
)


class EmsEsp(Layout):
    """Each device on the bus, in JSON or value by value."""

    name: ClassVar[str] = "ems_esp"
    label: ClassVar[str] = "EMS-ESP"
    bases = ("ems-esp",)
    rules = (
        presence("{base}/status", "ems-esp", tells=True),
        *nothing("{base}/info", "{base}/system/#", "{base}/command", "{base}/response"),
        values(f"{{base}}/{{device:{_TYPES}|sensor}}_data", tells=True, anywhere=True),
        values(f"{{base}}/{{device:{_TYPES}|sensor}}_data_{{part}}", metric="{part}", tells=True),
        values(f"{{base}}/{{device:{_TYPES}}}/{{metric*}}"),
        values("{base}/{metric:heartbeat|tapwater_active|heating_active|shower_\\w+}", "ems-esp"),
    )
    unit_patterns = (
        (r"heartbeat\..*", ""),
        (r"(?i)(.*\.)?\w*temp\w*", "°C"),
        (r"(?i)(.*\.)?\w*(curtmp|settmp|tmp)", "°C"),
        (r"(?i)(.*\.)?\w*(burnpow|pumpmod|modulation)", "%"),
        (r"(?i)(.*\.)?(syspress|\w*pressure)", "bar"),
        (r"(?i)(.*\.)?flamecurr", "µA"),
    )
    units: ClassVar[Mapping[str, str]] = {}
