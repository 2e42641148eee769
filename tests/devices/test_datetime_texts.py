"""Dates and times in words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.datetime_texts import MAX_LENGTH, Order, is_like_a_date, parse, zone_of

NOON = datetime(2026, 11, 20, 12, 0, 1)  # noqa: DTZ001 - texts that name no zone
MIDNIGHT = NOON.replace(hour=0, second=0)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T12:00:01Z", "2026-11-20t12:00:01z", "2026-11-20 12:00:01 UTC",
        "2026-11-20 12:00:01UTC", "20261120T120001Z", "2026-11-20T120001Z", "2026-324T12:00:01Z",
        "2026-W47-5T12:00:01Z", "2026W475T120001Z", "2026-11-20T13:00:01+01:00",
        "2026-11-20 13:00:01 +0100", "2026-11-20T13:00:01+01", "2026-11-20T07:00:01\u221205:00",
        "2026-11-20T13:00:01 Europe/Berlin", "2026-11-20T13:00:01[Europe/Berlin]",
        "2026-11-20T13:00:01+01:00[Europe/Berlin]", "2026-11-20T12:00:01Z[Etc/UTC][u-ca=gregory]",
        "Fri, 20 Nov 2026 13:00:01 +0100", "Fri, 20 Nov 2026 12:00:01 GMT",
        "20 Nov 2026 07:00:01 EST", "Friday, 20-Nov-26 12:00:01 GMT",
        "Fri, 20 Nov 2026 13:00:01 +0100 (CET)", "Fri Nov 20 13:00:01 CET 2026",
        "2026-11-20 13:00:01 GMT+1", "/Date(1795176001000)/", "26/11/20,13:00:01+04",
        "26/11/20,07:00:01-20",
    ],
)  # fmt: skip
def test_texts_with_a_zone(text: str) -> None:
    assert parse(text) == NOON.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T12:00:01", "2026/11/20 12:00:01", "2026.11.20 12:00:01", "2026-11-20_12:00:01",
        "2026-11-20-12:00:01", "20.11.2026 12:00:01", "20.11.2026, 12:00:01",
        "20-Nov-2026 12:00:01",
        "20. November 2026 12:00:01", "20/11/2026 12:00:01",
        "11/20/2026 12:00:01 PM", "Nov 20, 2026 12:00:01 PM", "Fri Nov 20 12:00:01 2026",
        "2026-Nov-20 12:00:01", "  2026-11-20   12:00:01 ", "2026/11/20,12:00:01",
        "12:00:01 2026-11-20",
    ],
)  # fmt: skip
def test_texts_without_a_zone(text: str) -> None:
    assert parse(text) == NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T24:00", MIDNIGHT + timedelta(days=1)),
        ("2026-12-31T24:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-06-30T23:59:60Z", datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-06-30T23:59:60.25Z", datetime(2026, 7, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-07-01T05:29:60+05:30", datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-11-20 12:05:00 AM", MIDNIGHT + timedelta(minutes=5)),
        ("2026-11-20 1:05 p.m.", MIDNIGHT + timedelta(hours=13, minutes=5)),
        ("2026-11-20", MIDNIGHT),
        ("2026-11-20T12:00:01,123456789", NOON.replace(microsecond=123_456)),
    ],
)  # fmt: skip
def test_the_ends_of_days_and_parts_of_seconds(text: str, expected: datetime) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "order", "month"),
    [("5/11/2026 12:00:01", "mdy", 5), ("5/11/2026 12:00:01", "dmy", 11), ("5-11-26", "dmy", 11),
     ("24.12.26", "dmy", 12), ("24.12.26", "mdy", 12)],
)  # fmt: skip
def test_the_order_tells_day_from_month(text: str, order: Order, month: int) -> None:
    assert parse(text, order).month == month


@pytest.mark.parametrize(
    "text",
    ["", " ", "on", "12:30:05", "yesterday", "2026-02-30T00:00:00Z", "2026-11-20T24:01",
     "2026-11-20T12:00:60Z", "2026-11-20T25:00", "2026-11", "20.13.2026 12:00", "2026-366",
     "2026-11-20T12:61", "5/11/2026", "1.10.22", "1.2.3", "Mon", "٢٠٢٦-11-20",
     "2026-11-20 13:00 PM", "2026-11-20T12:00:01 Nowhere/Land", "2026-11-20T12:00+25:00",
     "0000-01-01", "2026-11-20T12:00:01Z extra", "x" * 10_000],
)  # fmt: skip
def test_what_is_no_date_and_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no date and time"):
        parse(text)


def test_a_wrong_date_is_still_meant_as_one() -> None:
    assert is_like_a_date("2026-02-30T10:00:00")
    assert is_like_a_date("31.02.2026 10:00")
    assert not is_like_a_date("12:30:05")
    assert not is_like_a_date("1.10.22")


@given(st.datetimes(timezones=st.timezones()))
def test_iso_8601_is_read_as_python_reads_it(moment: datetime) -> None:
    assert parse(moment.isoformat()) == datetime.fromisoformat(moment.isoformat())


@given(st.text(max_size=MAX_LENGTH * 2))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, "dmy")
    except ValueError:
        return


@pytest.mark.parametrize(
    ("name", "hours"), [("UTC", 0), ("UTC+01:00", 1), ("-5", -5), ("+0530", 5.5)]
)
def test_zones_by_offset(name: str, hours: float) -> None:
    assert zone_of(name).utcoffset(NOON) == timedelta(hours=hours)


@pytest.mark.parametrize("name", ["Nowhere/Land", "", "../etc/passwd", "UTC+99:00", "\0"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an offset that is too large is told otherwise
        zone_of(name)
