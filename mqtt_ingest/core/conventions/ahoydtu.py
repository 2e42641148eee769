"""AhoyDTU: `inverter/{name}/ch0/P_AC`; https://ahoydtu.de."""

from collections.abc import Mapping
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, nothing, presence, values


class AhoyDtu(Layout):
    """Inverters by the names that people gave them, sums, and the gateway itself."""

    name: ClassVar[str] = "ahoydtu"
    label: ClassVar[str] = "AhoyDTU"
    bases = ("inverter",)
    rules = (
        presence(
            "{base}/mqtt", "{base}", online=("connected",), offline=("not connected",), tells=True
        ),
        *nothing("{base}/status", "{base}/sunrise|sunset|comm_start|comm_stop|version|device|ip"),
        *nothing("{base}/ctrl/#", "{base}/setup/#", "{base}/{device}/last_success|available"),
        *nothing("{base}/{device}/ack_pwr_limit|active_PowerLimit|available_text"),
        values("{base}/{device}/{metric:ch\\d/.+}", tells=True),
        values("{base}/{device:total}/{metric}"),
        values("{base}/{metric:uptime|wifi_rssi|free_heap|heap_frag}", "{base}"),
        values("{base}/{device}/{metric*}"),
    )
    unit_patterns = (
        (r".*\bU_\w+", "V"),
        (r".*\bI_\w+", "A"),
        (r".*\bP_\w+", "W"),
        (r".*\bQ_\w+", "var"),
        (r".*\bF_\w+", "Hz"),
        (r".*\b(PF_AC|Efficiency|Irradiation)", "%"),
        (r".*YieldDay", "Wh"),
        (r".*YieldTotal", "kWh"),
        (r".*Temp", "°C"),
    )
    units: ClassVar[Mapping[str, str]] = {"uptime": "s", "wifirssi": "dBm"}
