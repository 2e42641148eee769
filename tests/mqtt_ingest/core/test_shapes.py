"""A payload of a known shape says what it says when it is looked at member by member."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core import shapes
from mqtt_ingest.core.conventions import native
from mqtt_ingest.core.shapes import Shape, shape_of
from tests.support.factories import ARRIVAL, make_packet, route

NAMES = st.sampled_from(["t", "u", "ts", "time", "timestamp", "values", "", "a*b", "ü", "x" * 201])
TIMES = st.sampled_from(
    [0, 7, 1e9, 1.7e9, ARRIVAL // 1_000, ARRIVAL / 1e6, ARRIVAL, ARRIVAL * 1_000, 4e9, 1e25, -5]
)
VALUES = st.one_of(
    TIMES, st.booleans(), st.integers(), st.floats(allow_nan=True), st.none(), st.just("on")
)


def told(payload: str, *, retain: bool, limits: dict[str, Any]) -> Any:
    """Return what a packet says, or why it cannot be read."""
    packet = make_packet(payload=payload, retain=retain)
    try:
        return native.Native().decode(packet, route(**limits).limits)
    except native.Undecodable as error:
        return error.reason, error.detail


@given(
    record=st.dictionaries(NAMES, VALUES, max_size=6),
    retain=st.booleans(),
    limits=st.sampled_from(
        [{}, {"clock": "arrival"}, {"retention": 86_400_000_000}, {"samples": 2}]
    ),
)
def test_a_known_shape_changes_nothing(
    record: dict[str, Any], retain: bool, limits: dict[str, Any]
) -> None:
    payload = json.dumps(record)
    known = told(payload, retain=retain, limits=limits)
    with patch.object(native, "MAX_BYTES", -1):
        assert known == told(payload, retain=retain, limits=limits)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"ts": 1, "t": 2.5}, Shape(0, (("t", "number"),))),
        ({"t": 1, "on": True}, Shape(None, (("t", "number"), ("on", "boolean")))),
        ({"t": 1, "time": 5}, Shape(1, (("t", "number"),))),
        ({"ts": 1, "time": 2, "t": 3}, None),  # of several times the first counts
        ({"ts": True, "t": 3}, None),
        ({"t": "2.5"}, None),
        ({"t": None}, None),
        ({"t": [1]}, None),
        ({"ts": 1}, None),
        ({"": 1}, None),
        ({}, None),
    ],
)
def test_a_shape_is_names_and_types(record: dict[str, object], expected: Shape | None) -> None:
    assert shape_of(record, 200) == expected


def test_long_payloads_are_not_remembered() -> None:
    before = shapes._worked_out.cache_info().currsize
    record = {f"m{number}": number for number in range(600)}
    payload = json.dumps(record)
    assert len(payload) > shapes.MAX_BYTES
    messages = native.Native().decode(make_packet(payload=payload), route().limits)
    assert messages is not None
    assert len(messages[0].samples) == 600
    assert shapes._worked_out.cache_info().currsize == before


def test_payloads_of_very_many_members_are_not_remembered() -> None:
    assert shape_of(dict.fromkeys(map(str, range(shapes.MAX_MEMBERS + 1)), 1), 200) is None


def test_long_topics_are_not_remembered() -> None:
    before = native._remembered.cache_info().currsize
    topic = f"devices/a/telemetry/{'x' * 300}"
    assert (
        native.Native().decode(make_packet(topic, "1"), route(metric_length=400).limits) is not None
    )
    assert native._remembered.cache_info().currsize == before
