"""How values and times are put into words; `js/display/format.js` says the same in the browser."""

import math
import struct
from datetime import datetime

from django.utils.formats import get_format
from django.utils.translation import gettext, gettext_noop

from devices.queries import Value

# Whole numbers of so many digits are grouped.
GROUPED = 5
# Beyond these a double tells how it was computed, not what was measured.
DIGITS = 12
# Seconds below which an age is told so, the words, and how many seconds are one of them.
_AGES = (
    (100, gettext_noop("%(n)s s ago"), 1),
    (6_000, gettext_noop("%(n)s min ago"), 60),
    (172_800, gettext_noop("%(n)s h ago"), 3_600),
)


def format_value(value: Value, decimals: int | None = None) -> str:
    """Return a value for people: on/off, text as it is, a number as their language writes it.

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
    return localised(number_text(value, decimals))


def localised(number: str) -> str:
    """Return the text of a number with the separators of the person's language.

    Digits are grouped from five before the point on: 1234, 12,345.
    """
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, point, rest = digits.partition(".")
    if len(whole) >= GROUPED and whole.isdecimal():
        whole = f"{int(whole):,}".replace(",", get_format("THOUSAND_SEPARATOR"))
    if not point:
        return sign + whole
    return f"{sign}{whole}{get_format('DECIMAL_SEPARATOR')}{rest}"


def number_text(value: float, decimals: int | None = None) -> str:
    """Return a number with a point, of up to 12 significant digits.

    One that was of single precision has no more digits than that tells apart.
    """
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
