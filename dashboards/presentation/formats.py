"""How values and times are put into words; `js/display/format.js` says the same in the browser."""

import math
import struct
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from devices.queries import Value

# Beyond these a double tells how it was computed, not what was measured.
DIGITS = 12
# Seconds below which an age is told so, the words, and how many seconds are one of them.
_AGES = (
    (100, gettext_noop("%(n)s s ago"), 1),
    (6_000, gettext_noop("%(n)s min ago"), 60),
    (172_800, gettext_noop("%(n)s h ago"), 3_600),
)


def format_value(value: Value, decimals: int | None = None) -> str:
    """Return a value for people: on/off, up to 12 significant digits, text as it is.

    A number that was one of single precision has no more digits than that tells apart.

    Args:
        value: it.
        decimals: of a number: that many, whatever it has; None: as many as tell it.
    """
    if value is None:
        return "–"  # noqa: RUF001 - a dash for people
    if isinstance(value, bool):
        return gettext("on") if value else gettext("off")
    if isinstance(value, str):
        return value
    size = abs(value)
    if decimals is not None and size < 1e15:
        return f"{value:.{min(decimals, DIGITS)}f}"
    if size < 1e15 and value == int(value):
        return str(int(value))
    digits = _digits(value)
    if not 1e-4 <= size < 1e15:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return _trimmed(f"{value:.{decimals}f}")


def _digits(value: float) -> int:
    """Return how many significant digits tell `value`: 12, or what single precision needs."""
    plain = f"{value:.{DIGITS - 1}e}"
    if float(plain) == value or _single(value) != value:
        return DIGITS
    return next((n for n in range(1, 10) if _single(float(f"{value:.{n - 1}e}")) == value), DIGITS)


def _single(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.inf


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_age(seconds: float) -> str:
    """Return how long ago something was: 12 s ago, 5 min ago, 3 h ago, 2 d ago."""
    for limit, words, size in _AGES:
        if seconds < limit:
            return gettext(words) % {"n": max(0, int(seconds // size))}
    return gettext("%(n)s d ago") % {"n": int(seconds // 86_400)}


def age_of(moment: datetime | None, now: datetime) -> str:
    """Return the age of `moment`, or `never`."""
    return gettext("never") if moment is None else format_age((now - moment).total_seconds())
