"""Units: one spelling of each is stored, whatever a source writes.

What is stored is how people write it (`°C`, `kWh`, `µg/m³`), so that every reader of the
table can show it; `ucum` gives the code of it in UCUM (https://ucum.org), for programs.
"""

import re

MAX_LENGTH = 50

# Unit as it is stored -> its UCUM code, and other spellings.
_KNOWN: dict[str, tuple[str, str]] = {
    "°C": ("Cel", "C|Cel|degC|deg C|ºC|˚C|celsius|degree celsius|degrees celsius|grad celsius"),
    "°F": ("[degF]", "F|degF|deg F|ºF|fahrenheit|degrees fahrenheit"),
    "K": ("K", "kelvin"),
    "%": ("%", "percent|pct|prozent|%RH|%EL|%rh|% rH|%HR|%rF|percentage"),
    "W": ("W", "watt|watts"),
    "kW": ("kW", "KW|kilowatt"),
    "MW": ("MW", ""),
    "mW": ("mW", ""),
    "VA": ("V.A", "voltampere"),
    "kVA": ("kV.A", ""),
    "var": ("var", "VAr|VAR|Var"),
    "kvar": ("kvar", "kVAr|kVAR|kVar"),
    "Wh": ("W.h", "wh|Wattstunden|watthour|watt hour"),
    "kWh": ("kW.h", "KWh|kwh|KWH|kilowatt hour"),
    "MWh": ("MW.h", "mwh_mega"),
    "mWh": ("mW.h", ""),
    "kvarh": ("kvar.h", "kVArh|kVARh"),
    "varh": ("var.h", "VArh|VARh"),
    "VAh": ("V.A.h", ""),
    "W·min": ("W.min", "Wmin|W-min|Watt-minute"),
    "J": ("J", "joule"),
    "kJ": ("kJ", ""),
    "MJ": ("MJ", ""),
    "V": ("V", "volt|volts|Volt"),
    "mV": ("mV", "millivolt"),
    "kV": ("kV", ""),
    "A": ("A", "amp|amps|ampere|Ampere"),
    "mA": ("mA", "milliamp"),
    "Ah": ("A.h", ""),
    "mAh": ("mA.h", ""),
    "Hz": ("Hz", "hz|hertz|Hertz"),
    "kHz": ("kHz", ""),
    "MHz": ("MHz", "mhz"),
    "GHz": ("GHz", ""),
    "Ω": ("Ohm", "ohm|Ohm|ohms"),
    "kΩ": ("kOhm", "kohm|kOhm"),
    "MΩ": ("MOhm", "Mohm|MOhm"),
    "Pa": ("Pa", "pascal"),
    "hPa": ("hPa", "hpa|HPA"),
    "kPa": ("kPa", "kpa"),
    "mbar": ("mbar", ""),
    "bar": ("bar", "Bar|BAR"),
    "psi": ("[psi]", "PSI"),
    "inHg": ("[in_i'Hg]", "in Hg"),
    "mmHg": ("mm[Hg]", ""),
    "lx": ("lx", "lux|Lux|LUX|lum"),
    "lm": ("lm", "lumen"),
    "W/m²": ("W/m2", "W/m2|W/m^2|Wpm2|Watt/m2"),
    "ppm": ("[ppm]", "PPM"),
    "ppb": ("[ppb]", "PPB"),
    "µg/m³": ("ug/m3", "ug/m3|μg/m³|ug/m³|µg/m3|μg/m3|ugm3|µg/m^3"),
    "mg/m³": ("mg/m3", "mg/m3"),
    "g/m³": ("g/m3", "g/m3"),
    "m": ("m", "meter|metre|meters"),
    "mm": ("mm", ""),
    "cm": ("cm", ""),
    "km": ("km", ""),
    "in": ("[in_i]", "inch|inches"),
    "ft": ("[ft_i]", "feet|foot"),
    "mi": ("[mi_i]", "mile|miles"),
    "m²": ("m2", "m2|m^2|sqm"),
    "cm²": ("cm2", "cm2|cm^2"),
    "m³": ("m3", "m3|m^3|cbm|cubic meters"),
    "ft³": ("[cft_i]", "ft3|CCF"),
    "L": ("L", "l|liter|litre|Liter|ltr"),
    "mL": ("mL", "ml"),
    "gal": ("[gal_us]", "gallon|gallons"),
    "dm³": ("dm3", "dm3"),
    "m³/h": ("m3/h", "m3/h|m^3/h|cbm/h"),
    "L/min": ("L/min", "l/min|lpm|LPM|L/m"),
    "L/h": ("L/h", "l/h"),
    "m/s": ("m/s", "mps|m/sec"),
    "km/h": ("km/h", "kmh|kph|KM/H|kmph"),
    "mph": ("[mi_i]/h", "mi/h"),
    "kn": ("[kn_i]", "knot|knots|kt"),
    "m/s²": ("m/s2", "m/s2|m/s^2"),
    "mm/h": ("mm/h", "mm/hr"),
    "g": ("g", "gram|grams"),
    "kg": ("kg", "kilogram"),
    "mg": ("mg", ""),
    "lb": ("[lb_av]", "lbs|pound"),
    "t": ("t", "tonne"),
    "s": ("s", "sec|secs|second|seconds|Sekunden"),
    "ms": ("ms", "msec|millisecond|milliseconds"),
    "µs": ("us", "us|μs|microseconds"),
    "min": ("min", "mins|minute|minutes|Minuten"),
    "h": ("h", "hr|hrs|hour|hours|Std"),
    "d": ("d", "day|days|Tage"),
    "B": ("By", "byte|bytes|Bytes"),
    "kB": ("kBy", "KB|kilobyte"),
    "MB": ("MBy", "megabyte"),
    "GB": ("GBy", "gigabyte"),
    "bit/s": ("bit/s", "bps"),
    "kbit/s": ("kbit/s", "Kbps|kbps|Kbit/s"),
    "Mbit/s": ("Mbit/s", "Mbps"),
    "dB": ("dB", "db"),
    "dBm": ("dB[mW]", "dbm|DBM"),
    "dBFS": ("dB[FS]", ""),
    "dBA": ("dB[A]", "dB(A)"),
    "°": ("deg", "deg|degree|degrees|º|lat|lon|arcdeg"),
    "rad": ("rad", "radian"),
    "rad/s": ("rad/s", ""),
    "rpm": ("{rpm}", "RPM|r/min|U/min"),
    "µS/cm": ("uS/cm", "uS/cm|μS/cm"),
    "mS/cm": ("mS/cm", ""),
    "µW/cm²": ("uW/cm2", "uW/cm2"),
    "mired": ("{mired}", "mireds"),
    "lqi": ("{lqi}", ""),
    "UV index": ("{UVindex}", "uvi|UVI"),
    "pH": ("[pH]", ""),
    "g/L": ("g/L", "g/l"),
    "mg/L": ("mg/L", "mg/l"),
    "€": ("{EUR}", "EUR|Euro"),
    "€/kWh": ("{EUR}/kW.h", "EUR/kWh"),
    "N": ("N", "newton"),
    "T": ("T", "tesla"),
    "µT": ("uT", "uT|μT"),
    "Bq/m³": ("Bq/m3", "Bq/m3"),
    "µSv/h": ("uSv/h", "uSv/h|μSv/h"),
    "imp/kWh": ("{imp}/kW.h", ""),
}


def _spellings() -> dict[str, str]:
    found: dict[str, str] = {}
    for unit, (code, others) in _KNOWN.items():
        for spelling in (unit, code, *others.split("|")):
            if spelling:
                found.setdefault(spelling, unit)
    return found


_BY_SPELLING = _spellings()
_BY_LOWER: dict[str, str] = {}
for _spelling, _unit in _BY_SPELLING.items():
    # Of one letter, large and small are two units; so are mW and MW.
    if len(_spelling) > 3 or _spelling.lower() == _spelling:
        _BY_LOWER.setdefault(_spelling.lower(), _unit)
_MEASURE = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D\S*(?: \S+)?)\s*")


def normalised(spelling: str) -> str:
    """Return the unit as it is stored; what is not known stays as it was sent."""
    given = " ".join(spelling.split())[:MAX_LENGTH]
    known = _BY_SPELLING.get(given)
    if known is None and len(given) > 3:
        known = _BY_LOWER.get(given.lower())
    return known or given


def is_known(spelling: str) -> bool:
    """Return whether `spelling` is one of a unit."""
    return normalised(spelling) in _KNOWN


def ucum(unit: str) -> str:
    """Return the UCUM code of a unit as it is stored; empty where there is none."""
    return _KNOWN[unit][0] if unit in _KNOWN else ""


def measure(text: str) -> tuple[str, str] | None:
    """Return the number and the unit of a text such as `21.4 °C`; None where it is no such."""
    if len(text) > 60 or not text or not (text[0].isdigit() or text[0] in " +-."):
        return None
    found = _MEASURE.fullmatch(text)
    if found is None or not is_known(found[2]):
        return None
    return found[1], normalised(found[2])
