"""Whatever arrives: a decoded packet or a reason, never an exception, never a wrong value."""

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.errors import Malformed, Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.payloads import NOT_PLAIN, decode_json, decode_plain, decode_text
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.wire import PUBLISH, Frame, Inbox, pubacks, read_publish
from tests.bench.support.fast_publisher import encode_length
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


# --- the wire -------------------------------------------------------------------
def publish_bytes(packet: Packet, properties: bytes | None = None) -> bytes:
    topic = packet.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    if packet.qos:
        body += packet.packet_id.to_bytes(2, "big")
    if properties is not None:
        body += encode_length(len(properties)) + properties
    body += packet.payload
    first = PUBLISH | packet.dup << 3 | packet.qos << 1 | packet.retain
    return bytes([first]) + encode_length(len(body)) + body


PACKETS = st.builds(
    Packet,
    st.text(min_size=1, max_size=40),
    st.binary(max_size=400),
    st.just(5),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
    st.integers(1, 65_535),
    st.just(""),
    st.just(7),
).map(lambda p: p if p.qos else Packet(p.topic, p.payload, 5, 0, p.retain, p.dup, 0, "", 7))


def fields(packet: Packet) -> tuple[Any, ...]:
    return tuple(getattr(packet, name) for name in Packet.__slots__)


@given(st.lists(PACKETS, max_size=6), st.lists(st.integers(1, 60)), st.none() | st.binary())
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(
    packets: list[Packet], cuts: list[int], properties: bytes | None
) -> None:
    stream = b"".join(publish_bytes(packet, properties) for packet in packets)
    inbox, found = Inbox(), []
    while stream:
        size = cuts.pop() if cuts else len(stream)
        inbox.add(stream[:size])
        stream = stream[size:]
        while frame := inbox.take():
            found.append(read_publish(inbox.data, frame, 5, 7, properties=properties is not None))
    assert [fields(p) for p in found] == [fields(p) for p in packets]


@given(st.binary(max_size=60), st.booleans())
def test_bytes_that_are_no_mqtt_are_malformed_and_nothing_else(data: bytes, five: bool) -> None:
    inbox = Inbox()
    inbox.add(b"\x32" + data)
    try:
        while frame := inbox.take():
            if frame.first & 0xF0 == PUBLISH:
                read_publish(inbox.data, frame, 5, 7, properties=five)
    except Malformed:
        pass


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x01\x00",  # no room for a topic
        b"\x32\x03\x00\x01a",  # no packet id
        b"\x30\x03\x00\x09a",  # a topic longer than the packet
        b"\x30\xff\xff\xff\xff\x01",  # a remaining length of five bytes
    ],
)
def test_broken_packets_are_refused(data: bytes) -> None:
    inbox = Inbox()
    inbox.add(data)
    with pytest.raises(Malformed):
        read_publish(inbox.data, inbox.take() or Frame(0, 0, 0, 0), 5, 7)


def test_cut_off_properties_are_refused() -> None:
    inbox = Inbox()
    inbox.add(b"\x30\x04\x00\x01a\x80")
    frame = inbox.take()
    assert frame is not None
    with pytest.raises(Malformed):
        read_publish(inbox.data, frame, 5, 7, properties=True)


def test_a_topic_that_is_no_utf8_is_a_dead_letter() -> None:
    inbox = Inbox()
    inbox.add(b"\x30\x18\x00\x14devices/\xff/telemetry/x{}")
    frame = inbox.take()
    assert frame is not None
    packet = read_publish(inbox.data, frame, 5, 7)
    assert decode(packet, Router([route()])).reason == "bad_topic"


def test_acknowledgements_are_in_order() -> None:
    assert pubacks([1, 258]) == b"\x40\x02\x00\x01\x40\x02\x01\x02"
    assert pubacks([]) == b""


def test_a_cleared_inbox_is_empty() -> None:
    inbox = Inbox()
    inbox.add(b"\x30\x05\x00")
    inbox.clear()
    inbox.add(b"\xd0\x00")
    assert inbox.take() == Frame(0xD0, 0, 2, 2)


def test_whole_numbers_beyond_a_double_are_counted_and_the_others_stored() -> None:
    entry = make_entry('{"a": 1' + "0" * 400 + ', "b": 2}')
    assert samples_of(entry) == {"b": 2.0}
    assert entry.messages is not None
    assert [metric for metric, _why in entry.messages[0].bad] == ["a"]
