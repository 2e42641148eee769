"""Device times: the forms they come in, and which of them are believed."""

import re
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from devices import datetime_texts
from mqtt_ingest.core.errors import BadTime
from mqtt_ingest.core.limits import MAX_AHEAD, YEAR_2000, YEAR_2200, Limits

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
# 20261120120001 and the like: what as a number lies beyond any clock's years.
_COMPACT = re.compile(r"(\d{8})(?:(\d{2})(\d{2})(\d{2})?(\d{3})?)?", re.ASCII)


class Time(NamedTuple):
    """A time in µs since 1970 UTC, and whether it was local time without a zone."""

    ts: int
    is_local: bool = False
    # Local, and of an hour that comes twice as clocks were set back.
    is_twice: bool = False


class Told(NamedTuple):
    """A time as it was written: µs since 1970 UTC, or local time whose zone is not known yet."""

    at: int | datetime


def parse_time(value: object) -> int:
    """Return what `read_time` does of a time whose zone is UTC unless it names another."""
    return read_time(value).ts


def read_time(value: object, zone: tzinfo = UTC, near: int | None = None) -> Time:
    """Return a device time, cut below the microsecond.

    The magnitude of a number tells its unit: s, ms, µs or ns.

    Args:
        value: what `tell` takes, or what it returns.
        zone: of texts that name none.
        near: of two times that a local one may be, as clocks were set back, the one nearer to
            this (µs) is meant.

    Raises:
        BadTime: of another type, not a time, or outside the calendar.
    """
    at = (value if isinstance(value, Told) else tell(value)).at
    if isinstance(at, int):
        return Time(at)
    if zone is UTC:
        return Time(_micros(at.replace(tzinfo=UTC)), is_local=True)
    both = [_micros(at.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    ts = both[0] if near is None else min(both, key=lambda ts: abs(ts - near))
    return Time(ts, is_local=True, is_twice=both[0] < both[1])


def tell(value: object) -> Told:
    """Return what time `value` tells, wherever it is.

    Args:
        value: a number, digits in quotes, or a text (see `devices.datetime_texts`).

    Raises:
        BadTime: of another type, not a time, or outside the calendar.
    """
    if isinstance(value, str):
        return _told_by_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Told(_parse_number(value))
    raise BadTime(f"a time cannot be a {type(value).__name__}")


def number_as_time(value: float) -> int | None:
    """Return the time, in µs since 1970, that a number is; None: it is beyond any clock's."""
    size = abs(value)
    if not size < 1e20:  # NaN and Infinity too
        return None
    if size < 1e11:
        factor = 1_000_000
    elif size < 1e14:
        factor = 1_000
    elif size < 1e17:
        factor = 1
    else:
        return value // 1_000 if isinstance(value, int) else round(value / 1_000)
    # Whole numbers stay exact: floats have 53 bits.
    return value * factor if isinstance(value, int) else round(value * factor)


def _parse_number(value: float) -> int:
    ts = number_as_time(value)
    if ts is None:
        raise BadTime("the number is no time")
    return ts


def _told_by_text(text: str) -> Told:
    # No number has a sign there, and most dates have.
    is_date = text[4:5] == "-"
    if not is_date and len(text) <= datetime_texts.MAX_LENGTH and _NUMBER.fullmatch(text):
        digits = text.removeprefix("+")
        ts = _parse_number(int(digits) if digits.lstrip("-").isdecimal() else float(digits))
        if YEAR_2000 <= ts < YEAR_2200:
            return Told(ts)
        compact = _COMPACT.fullmatch(text)
        if compact is None:
            return Told(ts)
        day, hour, minute, second, millis = compact.groups("00")
        text = f"{day}T{hour}{minute}{second}.{millis}"
    try:
        moment = datetime_texts.parse(text)
    except ValueError as error:
        raise BadTime(f"{text[:40]!r} is no time that can be read") from error
    return Told(moment if moment.tzinfo is None else _micros(moment))


def _micros(moment: datetime) -> int:
    try:
        return datetime_texts.micros(moment)
    except ValueError as error:
        raise BadTime(f"{moment} is no time that can be read") from error


def is_of_this_age(told: Told) -> bool:
    """Return whether a time lies in 2000 or later, in its own zone."""
    at = told.at
    return at >= YEAR_2000 if isinstance(at, int) else at.year >= 2000


def is_like_a_date(text: str) -> bool:
    """Return whether `text` is meant as a date, be it a wrong one."""
    return datetime_texts.is_like_a_date(text)


def is_sane(ts: int, now: int) -> bool:
    """Return whether `ts` is neither before 2000 nor more than 1 h ahead of `now` (µs)."""
    return YEAR_2000 <= ts <= now + MAX_AHEAD


def is_expired(ts: int, received_at: int, limits: Limits) -> bool:
    """Return whether `ts` is older than the retention limit."""
    return bool(limits.retention) and ts < received_at - limits.retention
