"""Dates and times in words: what RFC 3339, ISO 8601, RFC 2822, RFC 9557, C and people write.

Plain Python, for packets and for files alike. A text is taken apart into zone, time of day
and date, each in any of its forms, so that they go together in any combination.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

# Which comes first in dates such as 5/11/2026; empty: such dates are not read.
Order = Literal["", "mdy", "dmy", "ymd"]

MAX_LENGTH = 100
_MONTHS = {
    **{"jan": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6},
    **{"jul": 7, "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12},
}
# RFC 2822, section 4.3, and what the C library prints in Europe, Asia and Oceania. In hours.
_ABBREVIATIONS = {
    **{"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "mez": 1},
    **{"met": 1, "cest": 2, "mesz": 2, "mest": 2, "eet": 2, "eest": 3, "msk": 3, "sast": 2},
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
    **{"jst": 9, "kst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "ist": 5.5},
}
_BRACKETS = re.compile(r"\[!?([^\]]+)\](\[[^\]]*\])*$")
_COMMENT = re.compile(r"\s*\([^)]*\)$")
_OFFSET = re.compile(r"\s*(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d\d))?(?::?(\d\d))?$", re.IGNORECASE)
_SPAN = re.compile(r"(?<![tT\d:])\d{1,2}:\d\d-\d{1,2}:\d\d\s*$", re.ASCII)
_ENDS_IN_A_TIME = re.compile(r"(:\d\d([.,]\d+)?|t\d{2,6}([.,]\d+)?|[ap]\.?m\.?)$", re.IGNORECASE)
_ZONE_NAME = re.compile(r"\s+((?:[A-Za-z][\w+-]*/)+[\w+-]+)$")
_ABBREVIATION = re.compile(r"\s*(?<![A-Za-z])([A-Za-z]{1,4})$")
_TIME = re.compile(
    r"(?:^|(?<=[\s_tT,-])|(?<=\d[tT]))(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?"
    r"(?:\s*([ap])\.?m\.?)?(?=\s|,|$)",
    re.IGNORECASE,
)
_SHORT_TIME = re.compile(r"(?<=\d)[tT](\d{2})(?:(\d{2})(?:(\d{2})(?:[.,](\d+))?)?)?$")
_WEEKDAY = re.compile(
    r"^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|(?:mo|di|mi|do|fr|sa|so)(?=[.,]))\.?,?\s*",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/._ ])(\d{1,2}|[^\W\d_]{3,9}\.?)\2(\d{1,2})")
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WEEK = re.compile(r"(\d{4})-?W(\d{2})-?([1-7])", re.IGNORECASE)
_ORDINAL = re.compile(r"(\d{4})-?(\d{3})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2}|[^\W\d_]{3,9}\.?)[. ]\s?(\d{4}|\d{2})")
_EITHER = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})")
_NAMED = re.compile(r"(\d{1,2})[ -]?([^\W\d_]{3,9}\.?)[ -](\d{4}|\d{2})")
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,9}\.?) +(\d{1,2}),? +(\d{4})")
_LIKE_A_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|^\d{8}T\d|^\d{4}-?W\d\d", re.ASCII
)
_DOTNET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
# What AT+CCLK? answers, the offset in quarter hours (3GPP TS 27.007, section 8.30).
_MODEM = re.compile(r"(\d\d/\d\d/\d\d),(\d\d:\d\d:\d\d)([+-]\d\d)", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The calendar, in µs: from the year 1 to 9999, less two days at its ends, so that each moment
# can be told in every time zone.
_ENDS_US = 2 * 86_400 * 1_000_000
FIRST_US = -62_135_596_800_000_000 + _ENDS_US
LAST_US = 253_402_300_799_999_999 - _ENDS_US


def parse(text: str, order: Order = "") -> datetime:
    """Return the date and time that `text` tells; without a zone where it names none.

    `2025-11-20 12:00-13:00` is a span, or an offset: neither is read.

    24:00 is the begin of the next day, and so is a leap second, 23:59:60. A date alone is
    its midnight. Below the microsecond is cut.

    Args:
        text: of any form named above.
        order: of dates whose parts do not tell day from month.

    Raises:
        ValueError: it is no date, or lies outside the calendar.
    """
    # Where the date has all the dashes that there are, no span does.
    is_plain = text[4:5] == text[7:8] == "-" and text.count("-") == 2
    if not is_plain and _SPAN.search(text):
        raise ValueError(f"{text[:40]!r} is no date and time: a span, or an offset?")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    words = " ".join(text[: MAX_LENGTH + 1].split()).replace("\u2212", "-")
    foreign = any(character.isdecimal() and not character.isascii() for character in words)
    if not words or len(words) > MAX_LENGTH or foreign:
        raise ValueError(f"{text[:40]!r} is no date and time")
    try:
        return _apart(words, order)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is no date and time: {error}") from error


def micros(moment: datetime) -> int:
    """Return an aware datetime in µs since 1970 UTC.

    Raises:
        ValueError: it lies outside the calendar.
    """
    try:
        delta = moment - EPOCH
    except OverflowError as error:
        raise ValueError(f"{moment} lies outside the calendar") from error
    found = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    if not FIRST_US <= found <= LAST_US:
        raise ValueError(f"{moment} lies outside the calendar")
    return found


def is_like_a_date(text: str) -> bool:
    """Return whether `text` is meant as a date, be it a wrong one (30 February)."""
    return _LIKE_A_DATE.search(text.strip()) is not None


# A text is asked for more than once: whether it is a time, and which one.
@lru_cache(maxsize=256)
def _apart(words: str, order: Order) -> datetime:
    dotnet = _DOTNET.fullmatch(words)
    if dotnet:
        return EPOCH + timedelta(milliseconds=int(dotnet[1]))
    modem = _MODEM.fullmatch(words)
    if modem and order in {"", "ymd"}:
        zone: tzinfo | None = timezone(int(modem[3]) * timedelta(minutes=15))
        words, order = f"{modem[1]} {modem[2]}", "ymd"
    else:
        words, zone = _zone(words)
    words, since_midnight = _time_of_day(words)
    day = _date(_WEEKDAY.sub("", words).strip(" ,_-"), order)
    return datetime(day.year, day.month, day.day, tzinfo=zone) + since_midnight


def _zone(words: str) -> tuple[str, tzinfo | None]:
    """Take the zone off the end of `words`; an offset beside a name wins (RFC 9557)."""
    named: tzinfo | None = None
    bracket = _BRACKETS.search(words)
    if bracket:
        words = words[: bracket.start()].rstrip()
        named = None if "=" in bracket[1] else zone_of(bracket[1])
    words = _COMMENT.sub("", words)
    offset = _OFFSET.search(words)
    # 2026-11-20 ends like an offset: one needs a time of day before it.
    if offset and _ENDS_IN_A_TIME.search(words[: offset.start()]):
        return words[: offset.start()], _offset(offset)
    name = _ZONE_NAME.search(words)
    if name:
        return words[: name.start()], zone_of(name[1])
    short = _ABBREVIATION.search(words)
    hours = _ABBREVIATIONS.get(short[1].lower()) if short else None
    if short and hours is not None:
        return words[: short.start()], timezone(timedelta(hours=hours)) if hours else UTC
    # What stands between the time and the year: Fri Nov 20 12:00:01 CET 2026
    inner = re.search(r"(?<=:\d\d) ([A-Za-z]{2,5})(?= \d{4}$)", words)
    hours = _ABBREVIATIONS.get(inner[1].lower()) if inner else None
    if inner and hours is not None:
        return words[: inner.start()] + words[inner.end() :], timezone(timedelta(hours=hours))
    return words, named


def _offset(found: re.Match[str]) -> timezone:
    hours, minutes, seconds = int(found[2]), int(found[3] or 0), int(found[4] or 0)
    if minutes > 59 or seconds > 59:
        raise ValueError("an offset has at most 59 minutes")
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-size if found[1] == "-" else size)


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> tzinfo:
    """Return the zone called `name`: `Europe/Berlin`, `UTC`, or an offset such as `UTC+01:00`.

    Raises:
        ValueError: there is none.
    """
    fixed = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?()", name, re.IGNORECASE)
    if fixed:
        return _offset(fixed)
    try:
        return UTC if name.upper() in {"UTC", "Z"} else ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone (for example Europe/Berlin)") from error


def zone_or_utc(name: str) -> tzinfo:
    """Return the zone called `name`; UTC where there is none."""
    try:
        return zone_of(name) if name else UTC
    except ValueError:
        return UTC


def _time_of_day(words: str) -> tuple[str, timedelta]:
    found = _TIME.search(words)
    if found:
        rest = f"{words[: found.start()].rstrip(' tT_,-')} {words[found.end() :]}".strip()
        return rest, _since_midnight(found.groups())
    found = _SHORT_TIME.search(words)
    if found:
        return words[: found.start()], _since_midnight((*found.groups(), None))
    return words, timedelta()


def _since_midnight(parts: tuple[str | None, ...]) -> timedelta:
    hour, minute, second = (int(part or 0) for part in parts[:3])
    micros = int(((parts[3] or "") + "000000")[:6])
    half = parts[4]
    if half and not 1 <= hour <= 12:
        raise ValueError(f"{hour} is no hour of the morning or evening")
    if half:
        hour = hour % 12 + (12 if half in "pP" else 0)
    is_end = hour == 24 and not (minute or second or micros)
    # Leap seconds end a day in UTC, so a quarter of an hour in any zone.
    is_leap = second == 60 and minute % 15 == 14
    if minute > 59 or (hour > 23 and not is_end) or (second > 59 and not is_leap):
        raise ValueError("the clock does not go that far")
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _date(words: str, order: Order) -> date:
    if found := _YEAR_FIRST.fullmatch(words):
        return date(int(found[1]), _month(found[3]), int(found[4]))
    if found := _BASIC.fullmatch(words):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _WEEK.fullmatch(words):
        return date.fromisocalendar(int(found[1]), int(found[2]), int(found[3]))
    if found := _ORDINAL.fullmatch(words):
        made = date(int(found[1]), 1, 1) + timedelta(days=int(found[2]) - 1)
        if made.year != int(found[1]):
            raise ValueError("the year has no such day")
        return made
    if found := _DAY_FIRST.fullmatch(words) or _NAMED.fullmatch(words):
        if not order and found[2].isdecimal() and len(found[3]) == 2:
            raise ValueError("a year of two digits may be a day")  # 1.10.22 is a version, too
        return date(_year(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(words):
        return date(int(found[3]), _month(found[1]), int(found[2]))
    if found := _EITHER.fullmatch(words):
        return _either(found, order)
    raise ValueError("there is no date")


def _either(found: re.Match[str], order: Order) -> date:
    """Return a date of which `order`, or a part above 12, tells day from month."""
    one, other = int(found[1]), int(found[3])
    if not order and (max(one, other) <= 12 or len(found[4]) == 2):
        raise ValueError("day and month cannot be told apart")
    if order == "ymd":
        if len(found[1]) != 2 or len(found[4]) != 2:
            raise ValueError("the year does not come first")
        return date(_year(found[1]), other, int(found[4]))
    is_month_first = order == "mdy" or (not order and other > 12)
    day, month = (other, one) if is_month_first else (one, other)
    return date(_year(found[4]), month, day)


def _month(text: str) -> int:
    if text.isdecimal():
        return int(text)
    month = _MONTHS.get(text[:3].lower())
    if month is None:
        raise ValueError(f"{text!r} is no month")
    return month


def _year(text: str) -> int:
    """Return a year; of two digits as POSIX reads them."""
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)
