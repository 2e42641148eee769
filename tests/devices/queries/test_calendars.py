"""Buckets of a calendar, with the days on which clocks are changed."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from devices.queries.calendars import TooManyBuckets, edges, zone_of

HOUR = 3_600_000_000
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1_000_000


def lengths(start: str, end: str, bucket: str, zone: ZoneInfo = BERLIN) -> list[int]:
    """Return how many hours each bucket has."""
    found = edges(at(start, zone), at(end, zone), bucket, zone, 1_000)
    return [(b - a) // HOUR for a, b in pairwise(found)]


def test_days_have_23_24_or_25_hours() -> None:
    assert lengths("2026-03-28T12:00", "2026-03-31T00:00", "day") == [24, 23, 24]
    assert lengths("2026-10-24T00:00", "2026-10-27T00:00", "day") == [24, 25, 24]


def test_hours_go_on_when_clocks_are_changed() -> None:
    assert lengths("2026-10-25T00:00", "2026-10-26T00:00", "hour") == [1] * 25
    assert len(lengths("2026-03-29T00:00", "2026-03-30T00:00", "hour")) == 23


def test_hours_are_those_of_the_zone() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    found = edges(
        at("2026-01-01T10:20", kolkata), at("2026-01-01T11:40", kolkata), "hour", kolkata, 9
    )
    assert found == [at(f"2026-01-01T{hour}:00", kolkata) for hour in (10, 11, 12)]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    found = edges(at("2026-11-21T10:00"), at("2026-11-24T00:00"), "week", BERLIN, 10)
    assert found == [at("2026-11-16T00:00"), at("2026-11-23T00:00"), at("2026-11-30T00:00")]
    found = edges(at("2024-01-31T00:00"), at("2024-03-01T00:00"), "month", BERLIN, 10)
    assert found == [at("2024-01-01T00:00"), at("2024-02-01T00:00"), at("2024-03-01T00:00")]


def test_years_are_whole() -> None:
    assert lengths("2024-02-29T00:00", "2024-03-01T00:00", "year") == [366 * 24]


def test_an_empty_span_is_one_bucket() -> None:
    assert lengths("2026-01-01T10:20", "2026-01-01T10:20", "day") == [24]
    assert lengths("2026-01-01T10:00", "2026-01-01T10:00", "hour") == [1]


@pytest.mark.parametrize("bucket", ["hour", "day"])
def test_too_many_are_refused(bucket: str) -> None:
    with pytest.raises(TooManyBuckets, match="over 5 buckets"):
        edges(at("2026-01-01T00:00"), at("2026-01-09T00:00"), bucket, BERLIN, 5)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "a\0b"])
def test_unknown_zones_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        zone_of(name)
