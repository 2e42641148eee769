"""Device times: every form, and which are believed."""

import math
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.errors import BadTime
from mqtt_ingest.core.limits import MAX_AHEAD, YEAR_2000, Limits
from mqtt_ingest.core.timestamps import is_expired, is_sane, parse_time, read_time
from tests.support.factories import ARRIVAL

# Whole µs between 2000 and 2199: where the magnitude tells the unit.
moments = st.integers(YEAR_2000, 7_258_118_400_000_000)


@given(moments)
def test_the_magnitude_tells_the_unit(ts: int) -> None:
    assert parse_time(ts) == ts
    assert parse_time(ts * 1_000) == ts
    assert parse_time(ts // 1_000) == ts // 1_000 * 1_000
    assert parse_time(ts // 1_000_000) == ts // 1_000_000 * 1_000_000


@given(moments)
def test_float_seconds_are_exact_to_the_microsecond(ts: int) -> None:
    assert abs(parse_time(ts / 1e6) - ts) <= 1


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_iso_8601_with_any_offset(ts: int, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts)
    assert parse_time(moment.astimezone(zone).isoformat()) == ts
    assert parse_time(moment.replace(tzinfo=None).isoformat()) == ts


def test_nanoseconds_in_text_are_cut() -> None:
    assert parse_time("2023-11-14T22:13:20.123456789Z") == 1_700_000_000_123_456


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        [],
        {},
        math.nan,
        math.inf,
        1e30,
        10**400,
        "yesterday",
        "2023-02-30T00:00:00Z",
        "",
    ],
)
def test_what_is_no_time_is_said_to_be_none(value: object) -> None:
    with pytest.raises(BadTime):
        parse_time(value)


def test_sane_is_from_2000_to_an_hour_ahead() -> None:
    assert is_sane(YEAR_2000, ARRIVAL)
    assert not is_sane(YEAR_2000 - 1, ARRIVAL)
    assert is_sane(ARRIVAL + MAX_AHEAD, ARRIVAL)
    assert not is_sane(ARRIVAL + MAX_AHEAD + 1, ARRIVAL)


def test_nothing_expires_without_a_retention_limit() -> None:
    assert not is_expired(YEAR_2000, ARRIVAL, Limits())
    assert is_expired(ARRIVAL - 101, ARRIVAL, Limits(retention=100))
    assert not is_expired(ARRIVAL - 100, ARRIVAL, Limits(retention=100))


@pytest.mark.parametrize(
    ("text", "ts"),
    [
        ("1763681624123", 1_763_681_624_123_000),
        (" 1763681624 ", 1_763_681_624_000_000),
        ("1763681624.5", 1_763_681_624_500_000),
        ("1.763681624e9", 1_763_681_624_000_000),
        ("1763681624123456789", 1_763_681_624_123_456),
        ("20251120233344", 1_763_681_624_000_000),
        ("20251120", 1_763_596_800_000_000),
        ("-5", -5_000_000),
    ],
)
def test_digits_in_quotes_are_a_time(text: str, ts: int) -> None:
    assert parse_time(text) == ts


def test_a_time_without_a_zone_is_in_the_zone_that_is_given() -> None:
    east = timezone(timedelta(hours=1))
    assert read_time("2025-11-20 01:00:00", east)[:2] == (1_763_596_800_000_000, True)
    assert read_time("2025-11-20T00:00:00Z", east)[:2] == (1_763_596_800_000_000, False)
    assert read_time("1763596800", east)[:2] == (1_763_596_800_000_000, False)


def test_of_an_hour_that_comes_twice_the_nearer_one_is_meant() -> None:
    berlin, back = ZoneInfo("Europe/Berlin"), 1_761_440_400_000_000  # 2025-10-26 01:00 UTC
    hour = 3_600_000_000
    for near, expected in (
        (back - hour // 2, back - hour // 2),
        (back + hour // 2, back + hour // 2),
    ):
        assert read_time("2025-10-26 02:30", berlin, near) == (expected, True, True)
    assert read_time("2025-10-26 02:30", berlin).ts == back - hour // 2
