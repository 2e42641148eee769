"""Payloads of any layout: which names are values, and whose times they are."""

from typing import Any

import pytest

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.reading import records
from mqtt_ingest.core.records import ABSENT
from mqtt_ingest.core.timestamps import Told

AT = 1_763_681_624


def read(value: object, metric: str = "", **limits: Any) -> list[tuple[dict[str, object], object]]:
    return [(one.values, one.given) for one in records(value, metric, Limits(**limits))]


def test_a_bare_value_is_called_as_its_topic_says() -> None:
    assert read(21.5, "t") == [({"t": 21.5}, ABSENT)]
    assert read(True, "t") == [({"t": True}, ABSENT)]


def test_nothing_is_read_of_nothing() -> None:
    assert read({}) == read([]) == []


def test_names_that_differ_in_case_alone_are_two() -> None:
    assert read({"Temp": 1, "temp": 2}) == [({"Temp": 1, "temp": 2}, ABSENT)]


def test_a_member_may_give_the_time_of_another() -> None:
    (own,), (other,) = (
        [one for one in read({"a": 1, "a_timestamp": AT, "b": 2}) if name in one[0]]
        for name in ("a", "b")
    )
    assert own == ({"a": 1}, Told(AT * 1_000_000))
    assert other == ({"b": 2}, ABSENT)


def test_a_member_that_is_no_time_of_another_is_a_value() -> None:
    assert read({"a": 1, "a_timestamp": 5}) == [({"a": 1, "a_timestamp": 5}, ABSENT)]
    assert read({"b_timestamp": AT}) == [({"b_timestamp": AT}, ABSENT)]


def test_values_of_one_time_are_one_record() -> None:
    told = read({"x": {"v": 1, "ts": AT}, "y": {"v": 2, "ts": AT}, "z": {"v": 3, "ts": AT + 1}})
    assert [values for values, _given in told] == [{"x": 1, "y": 2}, {"z": 3}]


def test_levels_are_those_of_objects_and_lists() -> None:
    assert read({"a": {"b": 1}}, nesting=2) == [({"a.b": 1}, ABSENT)]
    assert read({"a": {"b": "x"}}, nesting=2) == [({"a.b": "x"}, ABSENT)]
    with pytest.raises(Undecodable, match="2 levels"):
        read({"a": {"b": [1]}}, nesting=2)
