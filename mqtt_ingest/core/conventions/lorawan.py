"""What LoRaWAN network servers have in common."""

from collections.abc import Mapping
from typing import Any

# Of names that decoders commonly use; what is not sure is left without.
UNITS: Mapping[str, str] = {
    "rssi": "dBm",
    "snr": "dB",
    "tempc": "°C",
    "tempcsht": "°C",
    "tempcds": "°C",
    "temperature": "°C",
    "humidity": "%",
    "humsht": "%",
    "batv": "V",
    "batteryvoltage": "V",
    "lorasnr": "dB",
    "margin": "dB",
    "co2": "ppm",
    "pressure": "hPa",
    "voltage": "V",
    "temperatureboard": "°C",
    "batterylevel": "%",
}


UNIT_PATTERNS = (
    (r".*_mA", "mA"),
    (r".*_V", "V"),
    (r"Bat|BatV|Bat_V", "V"),
    (r"Distance", "mm"),
)


def best_gateway(heard: object) -> dict[str, Any]:
    """Return `rssi` and `snr` of the gateway that heard a packet best; zeros may be left out."""
    gateways = [one for one in heard if isinstance(one, dict)] if isinstance(heard, list) else []
    found = [
        (rssi, one.get("snr", one.get("loRaSNR", 0)))
        for one in gateways
        for rssi in [one.get("rssi", one.get("channel_rssi"))]
        if isinstance(rssi, int | float)
    ]
    if not found:
        return {}
    rssi, snr = max(found, key=lambda pair: pair[0])
    return {"rssi": rssi, "snr": snr} if isinstance(snr, int | float) else {"rssi": rssi}
