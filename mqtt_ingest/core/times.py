"""Device times: the forms they come in, and which of them are believed."""

from datetime import UTC, datetime

from mqtt_ingest.core.errors import BadTime
from mqtt_ingest.core.limits import MAX_AHEAD, MICROSECONDS, YEAR_2000, Limits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: object) -> int:
    """Return a device time in µs since 1970 UTC, cut below the microsecond.

    The magnitude of a number tells its unit: s, ms, µs or ns.

    Args:
        value: a number (s, ms, µs or ns by magnitude) or ISO 8601 text; text
            without a zone is UTC.

    Raises:
        BadTime: of another type, not a time, or outside the calendar.
    """
    if isinstance(value, str):
        return _parse_iso(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number(value)
    raise BadTime(f"a time cannot be a {type(value).__name__}")


def _parse_number(value: float) -> int:
    size = abs(value)
    if not size < 1e20:  # NaN and Infinity too
        raise BadTime("the number is no time")
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


def _parse_iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        delta = moment - _EPOCH
    except (ValueError, OverflowError) as error:
        raise BadTime(f"{text[:40]!r} is not an ISO 8601 time") from error
    return (delta.days * 86_400 + delta.seconds) * MICROSECONDS + delta.microseconds


def is_sane(ts: int, received_at: int) -> bool:
    """Return whether `ts` is neither before 2000 nor more than 1 h ahead of arrival."""
    return YEAR_2000 <= ts <= received_at + MAX_AHEAD


def is_expired(ts: int, received_at: int, limits: Limits) -> bool:
    """Return whether `ts` is older than the retention limit."""
    return bool(limits.retention) and ts < received_at - limits.retention
