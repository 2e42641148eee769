"""How values and times are put into words; `js/display/format.js` says the same in the browser."""

from datetime import datetime

from django.utils.formats import get_format
from django.utils.translation import gettext, gettext_noop

from devices.number_text import number_text
from devices.queries import Value

# Whole numbers of so many digits are grouped.
GROUPED = 5
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


def format_age(seconds: float) -> str:
    """Return how long ago something was: 12 s ago, 5 min ago, 3 h ago, 2 d ago."""
    for limit, words, size in _AGES:
        if seconds < limit:
            return gettext(words) % {"n": max(0, int(seconds // size))}
    return gettext("%(n)s d ago") % {"n": int(seconds // 86_400)}


def age_of(moment: datetime | None, now: datetime) -> str:
    """Return the age of `moment`, or `never`."""
    return gettext("never") if moment is None else format_age((now - moment).total_seconds())
