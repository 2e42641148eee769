"""What MQTT 5 says of a packet reaches whoever reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mqtt_ingest.core.mqtt_properties import MAX_USER, PacketProperties, read


def packed(**values: object) -> bytes:
    """Return the properties as paho writes them, without their length."""
    made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho
    for name, value in values.items():
        setattr(made, name, value)
    written = made.pack()  # type: ignore[no-untyped-call] # paho
    return bytes(written[1:] if written[0] < 128 else written[2:])


def test_properties_are_read_as_another_client_writes_them() -> None:
    data = packed(
        PayloadFormatIndicator=1,
        MessageExpiryInterval=60,
        ContentType="application/senml+json",
        ResponseTopic="a/reply",
        CorrelationData=b"\x00\x01",
        UserProperty=[("device", "Küche"), ("device", "2")],
    )
    assert read(data) == PacketProperties(
        "application/senml+json", "a/reply", b"\x00\x01", (("device", "Küche"), ("device", "2"))
    )


@pytest.mark.parametrize("number", [1, 127, 128, 268_435_455])
def test_what_follows_a_subscriptions_number_is_read(number: int) -> None:
    written = b""
    while True:
        number, digit = divmod(number, 128)
        written += bytes((digit | (128 if number else 0),))
        if not number:
            break
    assert read(b"\x0b" + written + b"\x03\x00\x01x").content_type == "x"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    assert isinstance(read(data), PacketProperties)


def test_user_properties_without_end_are_cut() -> None:
    pairs = [(str(n), "x") for n in range(MAX_USER + 5)]
    assert len(read(packed(UserProperty=pairs)).user) == MAX_USER


@pytest.mark.parametrize(
    "cut",
    [
        b"\x08",  # no length
        b"\x08\x00\x05ab",  # a text longer than what is there
        b"\x08\x00\x01\xff",  # no UTF-8
        b"\x0b\xff",  # a number without end
        b"\x7f\x00",  # no such property
    ],
)
def test_what_was_read_before_a_fault_stays(cut: bytes) -> None:
    assert read(b"\x03\x00\x01x" + cut) == PacketProperties("x")
