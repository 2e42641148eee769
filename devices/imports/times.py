"""Times in files: ISO 8601, numbers, and what spreadsheets write."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from devices.times import EPOCH

# Names of columns that hold a time, in lower case.
COLUMNS = ("ts", "timestamp", "time", "date", "datetime", "date time")
# What people write besides ISO 8601, tried in this order: the month first, or the day.
FORMATS = {
    "mdy": ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S"),
    "dmy": ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"),
}
YEAR_2000_US = 946_684_800_000_000
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def parse(text: str, zone: ZoneInfo, order: str = "mdy") -> int:
    """Return a time in µs since 1970 UTC.

    Args:
        text: ISO 8601, a number of s, ms, µs or ns by magnitude, or one of `FORMATS`.
        zone: of texts that name none.
        order: `mdy` or `dmy`, of dates with slashes.

    Raises:
        ValueError: it is no time, or lies outside the calendar.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        ts = _of_number(float(text) if "." in text else int(text))
        if ts < YEAR_2000_US:
            # 20251120 is a date to people, and a time in 1970 to programs.
            raise ValueError(f"{text!r} is a number, and as one a time before 2000")
        return ts
    moment = _parse(text, order)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        delta = moment - EPOCH
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the calendar") from error
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _of_number(value: float) -> int:
    """Read s, ms, µs or ns by magnitude, as packets are read."""
    size = abs(value)
    if size >= 1e20:
        raise ValueError("the number is no time")
    if size >= 1e17:
        return int(value // 1_000)
    factor = 1_000_000 if size < 1e11 else 1_000 if size < 1e14 else 1
    return value * factor if isinstance(value, int) else round(value * factor)


def _parse(text: str, order: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in FORMATS[order]:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is set by the caller
        except ValueError:
            continue
    raise ValueError(f"{text[:40]!r} is no time that can be read")
