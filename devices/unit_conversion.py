"""Units of one quantity, and how values of one are shown in another.

What is stored keeps its unit; conversions are for display alone. Factors come from Pint
(https://pint.readthedocs.io), which is loaded when somebody first wants another unit.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pint import UnitRegistry

# Units as `devices.units` spells them, by quantity, with Pint's names. What is measured in
# one of them may be shown in each other one of the same line.
_QUANTITIES: tuple[dict[str, str], ...] = (
    {"°C": "degC", "°F": "degF", "K": "kelvin"},
    {"Pa": "Pa", "hPa": "hPa", "kPa": "kPa", "mbar": "mbar", "bar": "bar"}
    | {"psi": "psi", "inHg": "inHg", "mmHg": "mmHg"},
    {"Wh": "Wh", "kWh": "kWh", "MWh": "MWh", "kJ": "kJ", "MJ": "MJ", "J": "J"},
    {"mW": "mW", "W": "W", "kW": "kW", "MW": "MW"},
    {"VA": "V*A", "kVA": "kV*A"},
    {"mV": "mV", "V": "V", "kV": "kV"},
    {"mA": "mA", "A": "A"},
    {"mAh": "mA*hour", "Ah": "A*hour"},
    {"Ω": "ohm", "kΩ": "kiloohm", "MΩ": "megaohm"},
    {"Hz": "Hz", "kHz": "kHz", "MHz": "MHz", "GHz": "GHz"},
    {"mm": "mm", "cm": "cm", "m": "m", "km": "km", "in": "inch", "ft": "foot", "mi": "mile"},
    {"cm²": "cm**2", "m²": "m**2"},
    {"mL": "mL", "L": "L", "dm³": "dm**3", "m³": "m**3", "gal": "gallon", "ft³": "foot**3"},
    {"L/min": "L/min", "L/h": "L/hour", "m³/h": "m**3/hour"},
    {"m/s": "m/s", "km/h": "km/hour", "mph": "mile/hour", "kn": "knot"},
    {"mg": "mg", "g": "g", "kg": "kg", "t": "tonne", "lb": "pound"},
    {"µs": "us", "ms": "ms", "s": "s", "min": "minute", "h": "hour", "d": "day"},
    {"B": "byte", "kB": "kB", "MB": "MB", "GB": "GB"},
    {"bit/s": "bit/s", "kbit/s": "kbit/s", "Mbit/s": "Mbit/s"},
    {"°": "degree", "rad": "radian"},
    {"µS/cm": "uS/cm", "mS/cm": "mS/cm"},
    {"µg/m³": "ug/m**3", "mg/m³": "mg/m**3", "g/m³": "g/m**3"},
    {"mg/L": "mg/L", "g/L": "g/L"},
)
_QUANTITY_OF = {unit: quantity for quantity in _QUANTITIES for unit in quantity}
_DIGITS = 12


class Conversion(NamedTuple):
    """How values are shown in another unit: multiplied by `scale`, then `offset` is added."""

    unit: str
    scale: float
    offset: float

    def of(self, value: float) -> float:
        """Return a value in the other unit."""
        return value * self.scale + self.offset

    def then(self, other: "Conversion") -> "Conversion":
        """Return this one with another behind it."""
        scale, offset = self.scale * other.scale, self.offset * other.scale + other.offset
        return Conversion(other.unit, _rounded(scale), _rounded(offset))


def alternatives(unit: str) -> tuple[str, ...]:
    """Return the units that values in `unit` may be shown in, itself among them; or none."""
    return tuple(_QUANTITY_OF.get(unit, ()))


@lru_cache(maxsize=1_024)
def conversion(unit: str, wanted: str) -> Conversion | None:
    """Return how values in `unit` are shown in `wanted`; None: as they are, or not at all."""
    quantity = _QUANTITY_OF.get(unit, {})
    if wanted == unit or wanted not in quantity:
        return None
    nothing, one = (_registry().Quantity(n, quantity[unit]) for n in (0.0, 1.0))
    offset = float(nothing.to(quantity[wanted]).magnitude)
    scale = float(one.to(quantity[wanted]).magnitude) - offset
    return Conversion(wanted, _rounded(scale), _rounded(offset))


def _rounded(number: float) -> float:
    """Return 32 for 31.999999999999936: what binary fractions add is no part of a factor."""
    return float(f"{number:.{_DIGITS}g}")


@lru_cache(maxsize=1)
def _registry() -> "UnitRegistry[float]":
    import pint

    return pint.UnitRegistry()
