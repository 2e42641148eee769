"""Times as people and programs write them."""

from datetime import UTC, datetime, timedelta, tzinfo

from devices import datetime_texts
from devices.datetime_texts import EPOCH, FIRST_US, LAST_US

# From here on seconds of our time would be ms of the year 1970.
_SECONDS_MS = 100_000_000


WEEK_US = 7 * 86_400 * 1_000_000
# 1970-01-05 was a Monday.
_MONDAY_US = 4 * 86_400 * 1_000_000


def week_start(ts: int) -> int:
    """Return the Monday 00:00 UTC, in µs, of the week that `ts` lies in."""
    return (ts - _MONDAY_US) // WEEK_US * WEEK_US + _MONDAY_US


def moment(ts: int) -> datetime:
    """Return `ts`, µs since 1970 UTC, as a datetime."""
    return EPOCH + timedelta(microseconds=ts)


def parse_moment(text: str, zone: tzinfo = UTC) -> int:
    """Return a moment in µs since 1970 UTC.

    Args:
        text: ISO 8601, or ms since 1970.
        zone: of a text that names none.

    Raises:
        ValueError: neither of them, or seconds.
    """
    try:
        ms = float(text)
    except ValueError:
        return _parse_iso(text, zone)
    if _SECONDS_MS <= abs(ms) < _SECONDS_MS * 1_000:
        raise ValueError(f"{text!r} looks like seconds; ms since 1970 are expected")
    if not FIRST_US <= ms * 1_000 <= LAST_US:
        raise ValueError(f"{text!r} lies outside the calendar (ms since 1970 are expected)")
    return round(ms * 1_000)


def _parse_iso(text: str, zone: tzinfo) -> int:
    try:
        # A plus sign in an address that was not encoded arrives as a blank.
        parsed = datetime_texts.parse(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither ISO 8601 (2026-11-20T12:00:00Z) nor ms since 1970"
        ) from error
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zone)
    return datetime_texts.micros(parsed)
