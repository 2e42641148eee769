"""Calendar buckets: the hours, days, weeks, months and years of a time zone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from devices.timestamps import moment

# Name of a bucket -> the first day of the one that holds a day, and of the one after it.
_DAYS: Final[dict[str, tuple[Callable[[date], date], Callable[[date], date]]]] = {
    "day": (lambda day: day, lambda day: day + timedelta(days=1)),
    "week": (
        lambda day: day - timedelta(days=day.weekday()),
        lambda day: day + timedelta(days=7),
    ),
    "month": (
        lambda day: day.replace(day=1),
        lambda day: (day.replace(day=28) + timedelta(days=4)).replace(day=1),
    ),
    "year": (
        lambda day: day.replace(month=1, day=1),
        lambda day: day.replace(year=day.year + 1),
    ),
}
BUCKETS = ("hour", *_DAYS)
HOUR_US = 3_600_000_000


class TooManyBuckets(ValueError):
    """The span holds more buckets than are allowed."""


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone; names are those of the IANA database, "
            "such as Europe/Berlin or UTC"
        ) from error


def edges(start: int, end: int, bucket: str, zone: ZoneInfo, limit: int) -> list[int]:
    """Return where the buckets begin that touch start..end, and where the last one ends.

    Args:
        start: of the span, in µs since 1970 UTC.
        end: of the span; not in it.
        bucket: one of `BUCKETS`.
        zone: whose calendar; its days may have 23 or 25 hours.
        limit: on the number of buckets.

    Raises:
        TooManyBuckets: there are more than `limit`.
    """
    if bucket == "hour":
        return _hours(start, end, zone, limit)
    floor, following = _DAYS[bucket]
    day = floor(moment(start).astimezone(zone).date())
    found = [_midnight(day, zone)]
    while found[-1] < end or len(found) == 1:
        _check(len(found), limit)
        day = following(day)
        found.append(_midnight(day, zone))
    return found


def _hours(start: int, end: int, zone: ZoneInfo, limit: int) -> list[int]:
    """Return whole hours of the zone's clock; all of them last an hour."""
    offset = moment(start).astimezone(zone).utcoffset() or timedelta()
    shift = int(offset.total_seconds()) * 1_000_000 % HOUR_US
    first = (start + shift) // HOUR_US * HOUR_US - shift
    last = max(first + HOUR_US, -(-(end + shift) // HOUR_US) * HOUR_US - shift)
    _check((last - first) // HOUR_US, limit)
    return list(range(first, last + 1, HOUR_US))


def _check(count: int, limit: int) -> None:
    if count > limit:
        raise TooManyBuckets(f"over {limit} buckets; ask for a shorter span or longer buckets")


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Return when `day` begins in `zone`, in µs since 1970 UTC."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return round(begins.timestamp()) * 1_000_000
