"""Whole numbers, as they are written."""

import pytest

from devices.whole_numbers import MOST, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), (str(MOST), MOST), (str(MOST + 1), None), ("9" * 5_000, None)]
    + [(text, None) for text in ("", "-1", "1.5", "1e3", " 1", "²", "٣", "0x1")],
)
def test_whole_numbers_have_an_end(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_more_than_is_allowed_is_none() -> None:
    assert (whole_number("10", 10), whole_number("11", 10)) == (10, None)
