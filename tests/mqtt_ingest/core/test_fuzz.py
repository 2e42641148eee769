"""Whatever arrives: a decoded packet or a reason, never an exception, never a wrong value."""

import json
import math
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.payloads import NOT_PLAIN, decode_json, decode_plain, decode_text
from mqtt_ingest.core.pipeline import Router, decode
from tests.support.factories import make_entry, make_packet, route, samples_of
from tests.support.hostile_payloads import mutated

TOPICS = st.sampled_from(["devices/a/telemetry", "devices/a/telemetry/x/y", "devices/a/status"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def check(payload: bytes, topic: str = "devices/a/telemetry") -> None:
    entry = decode(make_packet(topic, payload), Router([route()]))
    if entry.messages is None:
        assert entry.reason
        assert entry.reason != "decoder_error", (payload, entry.detail)
        return
    for sample in entry.messages[0].samples:
        both = sample.kind in {"numeral", "word"}
        assert (sample.value is None) != (sample.text is None) or both
        assert sample.value is None or math.isfinite(sample.value)
        assert sample.text is None or "\0" not in sample.text
        assert 1 <= len(sample.metric) <= 200


@given(TOPICS, st.binary(max_size=300))
def test_any_bytes(topic: str, payload: bytes) -> None:
    check(payload, topic)


@given(TOPICS, VALUES)
def test_any_json(topic: str, value: Any) -> None:
    check(json.dumps(value).encode(), topic)


@given(st.integers())
def test_mutations(seed: int) -> None:
    check(mutated(random.Random(seed)))


def read(payload: bytes, fast: bool) -> Any:
    try:
        plain = decode_plain(payload, Limits()) if fast else NOT_PLAIN
        if plain is not NOT_PLAIN:
            return plain
        return decode_json(decode_text(payload, Limits()))
    except Undecodable as error:
        return error.reason


def same(one: Any, other: Any) -> bool:
    """Equal, with whole numbers that only fit a double taken as that."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return one == float(other) or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and bool(one == other)


@given(VALUES)
def test_the_fast_way_reads_what_the_tolerant_one_reads(value: Any) -> None:
    payload = json.dumps(value).encode()
    assert same(read(payload, fast=True), read(payload, fast=False)), payload


@given(st.integers())
def test_the_fast_way_refuses_what_the_tolerant_one_refuses(seed: int) -> None:
    payload = mutated(random.Random(seed))
    assert same(read(payload, fast=True), read(payload, fast=False)), payload


def test_whole_numbers_beyond_a_double_are_counted_and_the_others_stored() -> None:
    entry = make_entry('{"a": 1' + "0" * 400 + ', "b": 2}')
    assert samples_of(entry) == {"b": 2.0}
    assert entry.messages is not None
    assert [metric for metric, _why in entry.messages[0].bad] == ["a"]
