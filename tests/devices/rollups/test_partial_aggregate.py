"""Summaries join into what all readings together give."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rollups.partial_aggregate import MAX_TEXTS, OTHER, PartialAggregate, Stored, fold

VALUES = st.floats(-1e6, 1e6) | st.sampled_from(["on", "off", "idle"])


def stored(values: list[float | str], times: list[int]) -> list[Stored]:
    return [
        (ts, None, value) if isinstance(value, str) else (ts, value, None)
        for ts, value in zip(sorted(set(times)), values, strict=False)
    ]


@given(
    st.lists(VALUES, min_size=1, max_size=30),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=30),
    st.integers(0, 30),
)
def test_two_parts_join_into_the_whole(
    values: list[float | str], times: list[int], at: int
) -> None:
    readings = stored(values, times)
    joined = fold(readings[:at])
    joined.join(fold(readings[at:]))
    whole = fold(readings)
    for name in PartialAggregate.__slots__:
        found, expected = getattr(joined, name), getattr(whole, name)
        if isinstance(expected, float):
            assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-3), name
        else:
            assert found == expected, name


def test_a_counter_grows_over_a_reset() -> None:
    made = fold([(0, 10.0, None), (1, 15.0, None), (2, 3.0, None), (3, 4.0, None)])
    assert made.rise == 5 + 3 + 1


def test_a_boolean_is_on_until_it_is_said_to_be_off() -> None:
    made = fold([(0, 1.0, None), (60, 0.0, None), (100, 1.0, None)])
    made.hold_until(150)
    assert made.area == 60 + 50


def test_texts_hold_until_the_next() -> None:
    made = fold([(0, None, "idle"), (10, None, "run"), (40, None, "idle")])
    made.hold_until(45)
    assert made.held == {"idle": 15, "run": 30}
    assert (made.first_text, made.last_text, made.mean) == ("idle", "idle", None)


def test_numbers_beside_texts_have_a_mean_of_their_own() -> None:
    made = fold([(0, 2.0, None), (1, None, "error"), (2, 4.0, None)])
    assert made.mean == pytest.approx(3.0)


def test_too_many_texts_are_told_apart_no_more() -> None:
    made = fold([(n, None, f"t{n}") for n in range(MAX_TEXTS + 10)])
    assert len(made.held) == MAX_TEXTS + 1
    assert made.held[OTHER] == 9
