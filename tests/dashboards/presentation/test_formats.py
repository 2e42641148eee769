"""Words for values and ages; tests/dashboards/js/display/format.test.js has the same table."""

import pytest
from django.utils import translation

from dashboards.presentation.formats import age_of, format_age, format_value
from devices.number_text import decimals_of, number_text
from devices.queries import Value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),  # noqa: RUF001 - a dash for people
        (True, "on"),
        (False, "off"),
        ("open", "open"),
        (0.0, "0"),
        (-0.0, "0"),
        (21.5, "21.5"),
        (1234567.0, "1,234,567"),
        (0.00476416302, "0.00476416302"),
        (12345.678, "12,345.678"),
        (12345.688, "12,345.688"),
        (0.1 + 0.2, "0.3"),
        # What a device computed in single precision.
        (21.260000228881836, "21.26"),
        (0.10000000149011612, "0.1"),
        (1.1754943508222875e-38, "1.1754944e-38"),
        (1e300, "1e300"),
        (65536.015625, "65,536.015625"),
        (123456.0625, "123,456.0625"),
        (1e-9, "1e-9"),
        (5.5e20, "5.5e20"),
        (-123.456789, "-123.456789"),
        (1e15, "1e15"),
        (99999.99, "99,999.99"),
    ],
)
def test_values(value: Value, words: str) -> None:
    assert format_value(value) == words


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        (21.5, None, "21,5"),
        (1234.0, None, "1234"),
        (12345.0, None, "12.345"),
        (-1234567.891, None, "-1.234.567,891"),
        (21.0, 2, "21,00"),
        (1e-9, None, "1e-9"),
    ],
)
def test_numbers_are_written_as_the_persons_language_does(
    value: float, decimals: int | None, words: str
) -> None:
    with translation.override("de"):
        assert format_value(value, decimals) == words


def test_decimals_that_nobody_can_mean_are_cut() -> None:
    assert format_value(1.5, 400) == "1.500000000000"


def test_ages() -> None:
    ages = [format_age(seconds) for seconds in (-5, 0, 99, 100, 6_000, 172_800)]
    assert ages == ["0 s ago", "0 s ago", "99 s ago", "1 min ago", "1 h ago", "2 d ago"]


def test_never() -> None:
    from django.utils import timezone

    assert age_of(None, timezone.now()) == "never"


@pytest.mark.parametrize(
    ("value", "text"), [(float("inf"), "∞"), (float("-inf"), "-∞"), (float("nan"), "")]
)
def test_what_was_computed_beyond_a_double_is_no_error(value: float, text: str) -> None:
    assert number_text(value) == number_text(value, 2) == text
    assert decimals_of(value) == 0
    assert format_value(value) == text
