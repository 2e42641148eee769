"""How values and times are put into words; `js/format.js` says the same in the browser."""

import math
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from devices.queries import Value

# Seconds below which an age is told so, the words, and how many seconds are one of them.
_AGES = (
    (100, gettext_noop("%(n)s s ago"), 1),
    (6_000, gettext_noop("%(n)s min ago"), 60),
    (172_800, gettext_noop("%(n)s h ago"), 3_600),
)


def format_value(value: Value) -> str:
    """Return a value for people: on/off, at most 6 significant digits, text as it is."""
    if value is None:
        return "–"  # noqa: RUF001 - a dash for people
    if isinstance(value, bool):
        return gettext("on") if value else gettext("off")
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
    for limit, words, size in _AGES:
        if seconds < limit:
            return gettext(words) % {"n": max(0, int(seconds // size))}
    return gettext("%(n)s d ago") % {"n": int(seconds // 86_400)}


def age_of(moment: datetime | None, now: datetime) -> str:
    """Return the age of `moment`, or `never`."""
    return gettext("never") if moment is None else format_age((now - moment).total_seconds())
