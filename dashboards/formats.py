"""How values and times are put into words; `js/format.js` says the same in the browser."""

import math
from datetime import datetime

from devices.queries import Value


def format_value(value: Value) -> str:
    """Return a value for people: on/off, at most 6 significant digits, text as it is."""
    if value is None:
        return "–"  # noqa: RUF001 - a dash for people
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value
    size = abs(value)
    if size < 1e15 and value == int(value):
        return str(int(value))
    if not 1e-4 <= size < 1e15:
        mantissa, exponent = f"{value:.4e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    decimals = min(9, max(0, 5 - math.floor(math.log10(size))))
    fixed = f"{value:.{decimals}f}"
    return fixed.rstrip("0").rstrip(".") if "." in fixed else fixed


def format_age(seconds: float) -> str:
    """Return how long ago something was: 12 s ago, 5 min ago, 3 h ago, 2 d ago."""
    for limit, unit, size in ((100, "s", 1), (6_000, "min", 60), (172_800, "h", 3_600)):
        if seconds < limit:
            return f"{max(0, int(seconds // size))} {unit} ago"
    return f"{int(seconds // 86_400)} d ago"


def age_of(moment: datetime | None, now: datetime) -> str:
    """Return the age of `moment`, or `never`."""
    return "never" if moment is None else format_age((now - moment).total_seconds())
