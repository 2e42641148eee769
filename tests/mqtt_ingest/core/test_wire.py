"""PUBLISH is taken out of any stream as it was put in, and what is no MQTT is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core import mqtt_properties
from mqtt_ingest.core.errors import Malformed
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.wire import PUBLISH, Frame, Inbox, pubacks, read_publish
from tests.bench.support.fast_publisher import encode_length
from tests.support.factories import route


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
    for packet in packets:
        packet.properties = mqtt_properties.read(properties or b"")
    assert [fields(p) for p in found] == [fields(p) for p in packets]


@pytest.mark.parametrize("properties", [None, b"", b"\x03\x00\x01x"])
@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
@pytest.mark.parametrize("length", [1, 200, 20_000])
def test_a_long_or_short_packet_is_whole_when_its_last_byte_is_there(
    size: int, length: int, properties: bytes | None
) -> None:
    packet = Packet("t", b"x" * length, 5, 1, True, True, 9, "", 7)
    stream = publish_bytes(packet, properties)
    if properties:
        packet.properties = mqtt_properties.PacketProperties("x")
    inbox, found = Inbox(), []
    for start in range(0, len(stream), size):
        assert inbox.take() is None
        inbox.add(stream[start : start + size])
    while frame := inbox.take():
        found.append(read_publish(inbox.data, frame, 5, 7, properties=properties is not None))
    assert [fields(p) for p in found] == [fields(packet)]


def test_properties_longer_than_the_packet_are_refused() -> None:
    inbox = Inbox()
    inbox.add(b"\x30\x04\x00\x01a\x09")
    frame = inbox.take()
    assert frame is not None
    with pytest.raises(Malformed):
        read_publish(inbox.data, frame, 5, 7, properties=True)


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


@pytest.mark.parametrize("size", [1_000, 70_000, 400_000])
def test_of_what_is_too_large_the_head_is_handed_out_once_all_has_come(size: int) -> None:
    longest, length = 280_000, 1_000_000
    large = Packet("t", b"x" * length, 5, 1, False, False, 9, "", 7)
    small = Packet("u", b"y", 5, 1, False, False, 10, "", 7)
    stream = b"".join(publish_bytes(packet) for packet in (small, large, small))
    inbox, found = Inbox(longest), []
    for start in range(0, len(stream), size):
        inbox.add(stream[start : start + size])
        while frame := inbox.take():
            found.append(read_publish(inbox.data, frame, 5, 7))
    assert [fields(packet) for packet in found[::2]] == [fields(small)] * 2
    head = found[1]
    assert (head.topic, head.packet_id, set(head.payload)) == ("t", 9, {ord("x")})
    assert len(head.payload) == longest - 5


def test_a_large_packet_that_is_let_in_is_joined_once() -> None:
    packet = Packet("t", b"x" * 900_000, 5, 0, False, False, 0, "", 7)
    stream = publish_bytes(packet) * 2
    inbox, found = Inbox(), []
    for start in range(0, len(stream), 131_072):
        inbox.add(stream[start : start + 131_072])
        while frame := inbox.take():
            found.append(read_publish(inbox.data, frame, 5, 7))
    assert [len(one.payload) for one in found] == [900_000] * 2


def test_only_a_publish_is_as_large_as_that() -> None:
    inbox = Inbox(300_000)
    inbox.add(b"\x90\xff\xff\xff\x7f" + b"x" * 10)
    with pytest.raises(Malformed, match="a control packet of"):
        inbox.take()
    inbox.clear()
    inbox.add(b"\xd0\x00")
    assert inbox.take() == Frame(0xD0, 0, 2, 2)
