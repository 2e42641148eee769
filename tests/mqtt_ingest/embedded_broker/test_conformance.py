"""Normative statements of MQTT, by their numbers.

Numbers are those of MQTT 5.0; where 3.1.1 has another one, the test says so. Each test that
takes `version` holds for both.
"""

import pytest

from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.packets import Publish
from tests.mqtt_ingest.embedded_broker import rig as wire
from tests.mqtt_ingest.embedded_broker.rig import (
    CONNACK,
    DISCONNECT,
    GOODBYE,
    PING,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    UNSUBACK,
    Rig,
    ack,
    connect,
    packet,
    publish,
    subscribe,
    u16,
    u32,
    unsubscribe,
)

both = pytest.mark.parametrize("version", [4, 5])


@pytest.fixture
def rig() -> Rig:
    return Rig()


# --- CONNECT ----------------------------------------------------------------
def test_3_1_0_1_the_first_packet_is_connect(rig: Rig) -> None:
    for data in (PING, publish("a", b"x"), subscribe(("a", 0)), GOODBYE, packet(0xF0)):
        client = rig.stranger()
        client.send(data)
        assert client.is_closed
        assert client.got() == []
    assert rig.intake.taken == []


@both
def test_3_1_0_2_a_second_connect_ends_the_connection(rig: Rig, version: int) -> None:
    client = rig.client(version=version)
    client.send(connect(version=version))
    assert client.is_closed


@pytest.mark.parametrize("name", ["MQIsdp", "mqtt", "MQTTT", ""])
def test_3_1_2_1_another_protocol_is_refused(rig: Rig, name: str) -> None:
    client = rig.stranger()
    client.send(connect(name=name))
    assert client.is_closed


@pytest.mark.parametrize("version", [3, 6, 0, 255])
def test_3_1_2_2_another_version_is_refused_with_a_word(rig: Rig, version: int) -> None:
    client = rig.stranger()
    client.send(connect(version=version))
    assert client.only().body == b"\0\1"
    assert client.is_closed


@both
@pytest.mark.parametrize("flags", [0x03, 0x0A, 0x22, 0x1E, 0x2A])
def test_3_1_2_3_reserved_and_senseless_flags_are_malformed(
    rig: Rig, version: int, flags: int
) -> None:
    client = rig.stranger(version=version)
    client.send(connect(version=version, flags=flags))
    assert client.is_closed


@both
def test_3_1_2_4_a_clean_start_ends_the_session(rig: Rig, version: int) -> None:
    kept = {"properties": u32(17, 100)} if version == 5 else {"clean": False}
    client = rig.client(version=version, **kept)
    client.send(subscribe(("a", 1), version=version), GOODBYE)
    client = rig.client(version=version, **{**kept, "clean": True})
    assert client.only().body[0] == 0
    rig.client("other").send(publish("a", b"x", 1))
    assert client.messages() == []


@both
def test_3_1_2_5_a_session_goes_on(rig: Rig, version: int) -> None:
    kept = {"properties": u32(17, 100), "clean": False} if version == 5 else {"clean": False}
    client = rig.client(version=version, **kept)
    assert client.only().body[0] == 0
    client.send(subscribe(("a", 1), version=version), GOODBYE)
    rig.client("other").send(publish("a", b"while away", 1))
    client = rig.client(version=version, **kept)
    connack, message = client.got()
    assert connack.body[0] == 1
    assert (message.topic, message.payload, message.qos) == ("a", b"while away", 1)


@both
def test_3_1_2_8_a_will_is_published_where_the_connection_is_lost(rig: Rig, version: int) -> None:
    other = rig.client("other")
    other.send(subscribe(("gone", 1)))
    client = rig.client(version=version, will=("gone", b"bye", 1, False))
    other.got()
    client.connection.lost()
    assert other.messages() == [("gone", b"bye")]
    assert [one.topic for one in rig.intake.taken] == ["gone"]


@both
def test_3_1_2_10_a_goodbye_takes_the_will_back(rig: Rig, version: int) -> None:
    client = rig.client(version=version, will=("gone", b"bye", 1, False))
    client.send(GOODBYE)
    assert rig.intake.taken == []


def test_3_14_2_a_goodbye_may_leave_the_will(rig: Rig) -> None:
    client = rig.client(version=5, will=("gone", b"bye", 1, False))
    client.send(packet(0xE0, b"\x04\0"))
    assert [one.payload for one in rig.intake.taken] == [b"bye"]


@both
def test_3_1_2_14_a_will_may_be_retained(rig: Rig, version: int) -> None:
    rig.client(version=version, will=("gone", b"bye", 1, True)).connection.lost()
    other = rig.client("other")
    other.send(subscribe(("gone", 1)))
    assert [one.retain for one in other.got() if one.kind == PUBLISH] == [True]


def test_3_1_2_22_a_password_needs_a_user_in_3_1_1(rig: Rig) -> None:
    client = rig.stranger()
    client.send(connect(password=b"right"))
    assert client.is_closed
    assert not rig.client(version=5, password=b"right").is_closed


@both
def test_3_1_2_22_silence_beyond_1_5_times_the_keep_alive_ends_it(rig: Rig, version: int) -> None:
    client = rig.client(version=version, keep_alive=10, will=("gone", b"bye", 0, False))
    client.got()
    rig.pass_time(14)
    client.send(PING)
    rig.pass_time(15)
    assert not client.is_closed
    rig.pass_time(2)
    assert client.is_closed
    assert [one.payload for one in rig.intake.taken] == [b"bye"]
    kinds = [PINGRESP, DISCONNECT] if version == 5 else [PINGRESP]
    assert client.kinds() == kinds


def test_a_keep_alive_of_0_is_none(rig: Rig) -> None:
    client = rig.client(keep_alive=0)
    rig.pass_time(10_000)
    assert not client.is_closed


def test_3_1_3_7_a_session_to_be_kept_needs_a_client_id_in_3_1_1(rig: Rig) -> None:
    client = rig.client("", clean=False)
    assert client.only().body == b"\0\2"
    assert client.is_closed
    assert rig.client("").only().body == b"\0\0"


def test_3_1_3_6_a_client_of_5_is_told_the_id_it_was_given(rig: Rig) -> None:
    client = rig.client("", version=5)
    connack = client.only()
    assert b"\x12\x00\x15auto-" in connack.body


@both
def test_3_1_4_3_a_client_id_has_one_connection(rig: Rig, version: int) -> None:
    first = rig.client(version=version, will=("gone", b"bye", 1, False))
    first.got()
    second = rig.client(version=version)
    assert first.is_closed
    assert not second.is_closed
    assert [one.payload for one in rig.intake.taken] == [b"bye"]
    got = first.got()
    assert [(one.kind, one.body[0]) for one in got] == (
        [(DISCONNECT, 0x8E)] if version == 5 else []
    )


@both
def test_3_1_4_5_what_follows_connect_at_once_is_handled_after_it(rig: Rig, version: int) -> None:
    client = rig.stranger(version=version)
    client.send(connect(version=version), subscribe(("a", 1), version=version), PING)
    assert client.kinds() == [CONNACK, SUBACK, PINGRESP]


def test_3_1_2_11_a_session_ends_when_its_time_is_over(rig: Rig) -> None:
    kept = {"version": 5, "clean": False, "properties": u32(17, 30)}
    rig.client(**kept).connection.lost()
    rig.pass_time(29)
    client = rig.client(**kept)
    assert client.only().body[0] == 1
    client.connection.lost()
    rig.pass_time(31)
    assert rig.client(**kept).only().body[0] == 0


def test_3_14_2_2_a_goodbye_may_change_how_long_a_session_is_kept(rig: Rig) -> None:
    kept = {"version": 5, "clean": False, "properties": u32(17, 30)}
    rig.client(**kept).send(packet(0xE0, b"\0" + wire.told(u32(17, 0))))
    assert rig.client(**kept).only().body[0] == 0
    bad = rig.client("other", version=5)
    bad.got()
    bad.send(packet(0xE0, b"\0" + wire.told(u32(17, 9))))
    assert (bad.only().body[0], bad.is_closed) == (0x82, True)


def test_3_1_3_9_a_will_waits_for_its_delay(rig: Rig) -> None:
    kept = {"version": 5, "clean": False, "properties": u32(17, 60)}
    will = {"will": ("gone", b"bye", 0, False), "will_properties": u32(24, 10)}
    rig.client(**kept, **will).connection.lost()
    rig.pass_time(9)
    assert rig.intake.taken == []
    rig.client(**kept, **will).connection.lost()
    rig.pass_time(9)
    assert rig.intake.taken == []
    rig.pass_time(2)
    assert len(rig.intake.taken) == 1
    short = {**kept, "properties": u32(17, 3)}
    rig.client("other", **short, **will).connection.lost()
    rig.pass_time(4)
    assert len(rig.intake.taken) == 2  # the session has ended


def test_4_12_further_authentication_is_refused(rig: Rig) -> None:
    client = rig.stranger(version=5)
    client.send(connect(version=5, properties=b"\x15" + wire.text("SCRAM")))
    assert client.only().body[1] == 0x8C
    other = rig.client(version=5)
    other.got()
    other.send(packet(0xF0))
    assert other.only().body[0] == 0x82


# --- packets ----------------------------------------------------------------
@both
@pytest.mark.parametrize(
    "first", [0x00, 0x20, 0x90, 0xB0, 0xD0, 0x83, 0xA0, 0x61, 0x44, 0xC1, 0xE8]
)
def test_2_1_3_1_wrong_types_and_flags_end_it(rig: Rig, version: int, first: int) -> None:
    client = rig.client(version=version)
    client.send(packet(first, b"\0\1" if first != 0xC1 else b""))
    assert client.is_closed


@both
@pytest.mark.parametrize(
    "data",
    [
        packet(0x36, wire.text("a") + b"\0\1\0x"),  # QoS 3 [MQTT-3.3.1-4]
        packet(0x38, wire.text("a") + b"\0x"),  # DUP at QoS 0 [MQTT-3.3.1-2]
        packet(0x32, wire.text("a") + b"\0\0\0"),  # packet id 0 [MQTT-2.2.1-3]
        packet(0x30, b"\0\5abc"),  # cut off
        packet(0x30, wire.text("a\0b") + b"\0"),  # NUL [MQTT-1.5.4-2]
        packet(0x30, wire.text(b"\xed\xa0\x80") + b"\0"),  # a surrogate [MQTT-1.5.4-1]
        packet(0x30, wire.text(b"\xff") + b"\0"),
        packet(0x30, wire.text("a/+") + b"\0"),  # a wildcard [MQTT-3.3.2-2]
        packet(0x30, wire.text("#") + b"\0"),
        packet(0x30, wire.text("") + b"\0"),
        packet(0x82, b"\0\1\0"),  # no filter [MQTT-3.8.3-2]
        packet(0x82, b"\0\0\0" + wire.text("a") + b"\0"),
        packet(0x82, b"\0\1\0" + wire.text("a") + b"\3"),  # QoS 3
        packet(0x82, b"\0\1\0" + wire.text("a") + b"\xc0"),  # reserved bits [MQTT-3.8.3-5]
        packet(0xA2, b"\0\1\0"),
        packet(0xC0, b"x"),
        packet(0x40, b"\0"),
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\xc0\x80\x00",  # a length with more bytes than it needs [MQTT-1.5.5-1]
    ],
)
def test_4_13_1_what_is_malformed_ends_it(rig: Rig, version: int, data: bytes) -> None:
    client = rig.client(version=version)
    client.got()
    client.send(data)
    assert client.is_closed
    assert client.kinds() == ([DISCONNECT] if version == 5 else [])
    assert rig.intake.taken == []


@pytest.mark.parametrize(
    "properties",
    [
        b"\x7f\0",  # unknown
        b"\x11\0\0\0\1",  # of CONNECT
        b"\x0b\1",  # a client's PUBLISH with a subscription id [MQTT-3.3.4-6]
        b"\x01\2",  # beyond its range
        b"\x23\0\0",  # alias 0 [MQTT-3.3.2-8]
        b"\x02\0\0\0\1\x02\0\0\0\1",  # twice
        b"\x02\0\0",  # cut off
    ],
)
def test_2_2_2_2_bad_properties_end_it(rig: Rig, properties: bytes) -> None:
    client = rig.client(version=5)
    client.send(publish("a", b"x", version=5, properties=properties))
    assert client.is_closed


# --- PUBLISH ----------------------------------------------------------------
@both
def test_3_3_4_each_qos_is_acknowledged_once_it_is_committed(rig: Rig, version: int) -> None:
    rig.intake.waits = True
    client = rig.client(version=version)
    client.got()
    client.send(*(publish("a", b"x", qos, qos + 4, version=version) for qos in (0, 1, 2)))
    assert client.got() == []
    rig.intake.commit()
    assert [(one.kind, one.packet_id) for one in client.got()] == [(PUBACK, 5), (PUBREC, 6)]


@both
def test_4_6_0_2_acknowledgements_keep_the_order_of_arrival(rig: Rig, version: int) -> None:
    rig.intake.waits = True
    client = rig.client(version=version)
    client.got()
    client.send(*(publish("a", b"x", 1, n, version=version) for n in (1, 2, 3)))
    second = rig.intake.waiting.pop(1)
    second()
    assert client.got() == []
    rig.intake.commit()
    assert [one.packet_id for one in client.got()] == [1, 2, 3]


@both
def test_4_3_3_qos_2_is_taken_once(rig: Rig, version: int) -> None:
    client = rig.client(version=version, clean=False, properties=u32(17, 99))
    client.got()
    client.send(publish("a", b"x", 2, 7, version=version))
    client.send(publish("a", b"x", 2, 7, dup=True, version=version))
    assert client.kinds() == [PUBREC, PUBREC]
    client.connection.lost()
    client = rig.client(version=version, clean=False, properties=u32(17, 99))
    client.got()
    client.send(publish("a", b"x", 2, 7, dup=True, version=version), ack(PUBREL, 7))
    assert client.kinds() == [PUBREC, PUBCOMP]
    assert len(rig.intake.taken) == 1
    client.send(publish("a", b"y", 2, 7, version=version))
    assert len(rig.intake.taken) == 2


def test_qos_2_that_comes_again_before_its_commit_is_acknowledged_by_it(rig: Rig) -> None:
    rig.intake.waits = True
    client = rig.client(clean=False)
    client.send(publish("a", b"x", 2, 7))
    client.connection.lost()
    client = rig.client(clean=False)
    client.got()
    client.send(publish("a", b"x", 2, 7, dup=True))
    assert client.got() == []
    rig.intake.commit()
    assert [(one.kind, one.packet_id) for one in client.got()] == [(PUBREC, 7)]
    assert len(rig.intake.taken) == 1


@both
def test_3_6_a_pubrel_for_nothing_is_completed(rig: Rig, version: int) -> None:
    client = rig.client(version=version)
    client.got()
    client.send(ack(PUBREL, 9))
    completed = client.only()
    assert completed.kind == PUBCOMP
    assert completed.body == (b"\0\x09\x92" if version == 5 else b"\0\x09")


def test_3_3_2_12_an_alias_stands_for_a_topic(rig: Rig) -> None:
    client = rig.client(version=5)
    client.send(publish("long/topic", b"1", version=5, properties=u16(35, 3)))
    client.send(publish("", b"2", version=5, properties=u16(35, 3)))
    client.send(publish("other", b"3", version=5, properties=u16(35, 3)))
    client.send(publish("", b"4", version=5, properties=u16(35, 3)))
    assert [one.topic for one in rig.intake.taken] == ["long/topic"] * 2 + ["other"] * 2
    for alias in (9, 33):
        bad = rig.client(f"bad-{alias}", version=5)
        bad.send(publish("", b"x", version=5, properties=u16(35, alias)))
        assert bad.is_closed


def test_an_alias_is_of_its_connection(rig: Rig) -> None:
    kept = {"version": 5, "clean": False, "properties": u32(17, 60)}
    rig.client(**kept).send(publish("a", b"1", version=5, properties=u16(35, 1)))
    client = rig.client(**kept)
    client.send(publish("", b"2", version=5, properties=u16(35, 1)))
    assert client.is_closed


# --- deliveries -------------------------------------------------------------
@both
@pytest.mark.parametrize(("granted", "published"), [(g, p) for g in (0, 1, 2) for p in (0, 1, 2)])
def test_3_8_4_8_the_lower_qos_counts(rig: Rig, version: int, granted: int, published: int) -> None:
    client = rig.client(version=version)
    client.send(subscribe(("a", granted), version=version))
    client.got()
    rig.client("other").send(publish("a", b"x", published))
    assert client.only().qos == min(granted, published)


@both
def test_4_4_0_1_what_is_not_acknowledged_comes_again(rig: Rig, version: int) -> None:
    kept = {"version": version, "clean": False, "properties": u32(17, 99)}
    client = rig.client(**kept)
    client.send(subscribe(("a", 2), version=version))
    other = rig.client("other")
    other.send(*(publish("a", b"%d" % n, 2, n) for n in (1, 2, 3)))
    got = client.got()[2:]
    client.send(ack(PUBREC, got[0].packet_id), ack(PUBREC, got[1].packet_id))
    client.send(ack(PUBCOMP, got[0].packet_id))
    client.connection.lost()
    client = rig.client(**kept)
    _connack, released, again = client.got()
    assert (released.kind, released.packet_id) == (PUBREL, got[1].packet_id)
    assert (again.payload, again.dup, again.packet_id) == (b"3", True, got[2].packet_id)


@both
def test_4_6_0_6_messages_keep_their_order(rig: Rig, version: int) -> None:
    client = rig.client(version=version)
    client.send(subscribe(("a/#", 1), version=version))
    client.got()
    other, expected = rig.client("other"), []
    for n in range(250):
        other.send(publish(f"a/{n % 3}", b"%d" % n, 1, n + 1))
        expected.append(b"%d" % n)
    seen: list[bytes] = []
    while len(seen) < 250:
        got = client.got()
        assert got
        seen += [one.payload for one in got]
        client.send(*(ack(PUBACK, one.packet_id) for one in got))
    assert seen == expected


def test_3_3_4_9_no_more_are_in_flight_than_a_client_takes(rig: Rig) -> None:
    client = rig.client(version=5, properties=u16(33, 2))
    client.send(subscribe(("a", 1), version=5))
    client.got()
    other = rig.client("other")
    other.send(*(publish("a", b"%d" % n, 1, n + 1) for n in range(5)))
    first, second = client.got()
    client.send(ack(PUBACK, second.packet_id))
    assert client.only().payload == b"2"
    client.send(ack(PUBACK, first.packet_id))
    assert client.only().payload == b"3"


def test_3_3_4_9_pubrec_with_an_error_ends_a_delivery(rig: Rig) -> None:
    client = rig.client(version=5, properties=u16(33, 1))
    client.send(subscribe(("a", 2), version=5))
    client.got()
    rig.client("other").send(publish("a", b"1", 2, 1), publish("a", b"2", 2, 2))
    client.send(ack(PUBREC, client.only().packet_id, 0x97))
    assert client.only().payload == b"2"


def test_3_1_2_24_a_client_is_sent_nothing_larger_than_it_takes(rig: Rig) -> None:
    client = rig.client(version=5, properties=u32(39, 60))
    client.send(subscribe(("a", 1), version=5))
    client.got()
    rig.client("other").send(publish("a", b"x" * 60, 1, 1), publish("a", b"small", 1, 2))
    assert client.messages() == [("a", b"small")]


@both
def test_3_3_1_5_the_last_retained_message_is_kept(rig: Rig, version: int) -> None:
    other = rig.client("other")
    other.send(publish("a/b", b"1", 1, 1, retain=True), publish("a/b", b"2", 1, 2, retain=True))
    client = rig.client(version=version)
    client.send(subscribe(("a/+", 1), version=version))
    _connack, _suback, message = client.got()
    assert (message.payload, message.retain, message.qos) == (b"2", True, 1)
    other.send(publish("a/b", b"3", 1, 3, retain=True))
    assert client.only().retain is False  # [MQTT-3.3.1-12]
    other.send(publish("a/b", b"", 1, 4, retain=True))  # [MQTT-3.3.1-6]
    last = rig.client("last", version=version)
    last.send(subscribe(("a/+", 1), version=version))
    assert last.messages() == []


def test_3_3_1_9_how_retained_messages_are_handled_is_an_option(rig: Rig) -> None:
    rig.client("other").send(publish("a", b"x", retain=True))
    client = rig.client(version=5)
    client.send(subscribe(("a", 0x20), version=5))
    assert client.messages() == []
    client.send(unsubscribe("a", version=5), subscribe(("a", 0x10), version=5))
    assert client.messages() == [("a", b"x")]
    client.send(subscribe(("a", 0x10), version=5))
    assert client.messages() == []
    client.send(subscribe(("a", 0x00), version=5))
    assert client.messages() == [("a", b"x")]


def test_3_8_3_3_no_local_and_retain_as_published(rig: Rig) -> None:
    client = rig.client(version=5)
    client.send(subscribe(("a", 0x04), ("b", 0x08), version=5))
    client.got()
    client.send(publish("a", b"own", version=5), publish("b", b"own", version=5))
    rig.client("other").send(publish("a", b"x"), publish("b", b"y", retain=True))
    got = client.got()
    assert [(one.topic, one.payload, one.retain) for one in got] == [
        ("b", b"own", False), ("a", b"x", False), ("b", b"y", True),
    ]  # fmt: skip


@both
def test_3_3_4_2_overlapping_filters_deliver_once_with_the_highest_qos(
    rig: Rig, version: int
) -> None:
    client = rig.client(version=version)
    client.send(subscribe(("a/+", 1), ("a/#", 2), ("a/b", 0), version=version))
    client.got()
    rig.client("other").send(publish("a/b", b"x", 2))
    assert client.only().qos == 2


def test_3_3_4_3_a_message_tells_the_ids_of_its_subscriptions(rig: Rig) -> None:
    client = rig.client(version=5)
    client.send(subscribe(("a/+", 0), version=5, properties=b"\x0b\x05"))
    client.send(subscribe(("a/#", 0), version=5, properties=b"\x0b\x90\x01"))
    client.got()
    rig.client("other").send(publish("a/b", b"x"))
    properties = client.only().properties
    assert b"\x0b\x05" in properties
    assert b"\x0b\x90\x01" in properties


def test_3_3_2_5_a_message_expires(rig: Rig) -> None:
    kept = {"version": 5, "clean": False, "properties": u32(17, 99)}
    client = rig.client(**kept)
    client.send(subscribe(("a", 1), version=5), GOODBYE)
    other = rig.client("other", version=5)
    other.send(publish("a", b"short", 1, 1, version=5, properties=u32(2, 5)))
    other.send(publish("a", b"long", 1, 2, version=5, properties=u32(2, 50)))
    rig.pass_time(10)
    client = rig.client(**kept)
    _connack, message = client.got()
    assert message.payload == b"long"
    assert u32(2, 40) in message.properties  # [MQTT-3.3.2-6]


def test_3_3_2_17_properties_are_passed_on(rig: Rig) -> None:
    user = b"\x26" + wire.text("k") + wire.text("v")
    properties = b"\x01\x01" + b"\x03" + wire.text("json") + b"\x08" + wire.text("back")
    properties += b"\x09" + wire.text(b"\xff\0") + user + user
    client, old = rig.client(version=5), rig.client("old")
    client.send(subscribe(("a", 0), version=5))
    old.send(subscribe(("a", 0)))
    client.got()
    rig.client("other", version=5).send(publish("a", b"x", version=5, properties=properties))
    got = client.only()
    assert len(got.properties) == len(properties)
    assert got.properties.count(user) == 2
    assert old.messages() == [("a", b"x")]


# --- SUBSCRIBE --------------------------------------------------------------
@both
def test_3_8_4_2_suback_answers_every_filter(rig: Rig, version: int) -> None:
    client = rig.client(version=version)
    client.got()
    bad = ["a/#/b", "a#", "a+/b", "#/", "$share/g", "$share//a", "$share/+/a", "$share/g/"]
    client.send(
        subscribe(("a", 0), ("b", 1), ("c", 2), *((name, 1) for name in bad),
                  packet_id=77, version=version)
    )  # fmt: skip
    suback = client.only()
    assert (suback.kind, suback.packet_id) == (SUBACK, 77)
    failure = 0x8F if version == 5 else 0x80
    assert suback.codes == [0, 1, 2, *([failure] * len(bad))]


@both
def test_3_10_4_unsubscribing_ends_deliveries(rig: Rig, version: int) -> None:
    client = rig.client(version=version)
    client.send(subscribe(("a", 1), version=version))
    client.got()
    client.send(unsubscribe("a", "never", packet_id=8, version=version))
    unsuback = client.only()
    assert (unsuback.kind, unsuback.packet_id) == (UNSUBACK, 8)
    assert unsuback.codes == ([0, 0x11] if version == 5 else [])
    rig.client("other").send(publish("a", b"x", 1))
    assert client.got() == []


@pytest.mark.parametrize(
    ("name", "topic", "matches"),
    [
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("+/+", "/a", True),
        ("/+", "/a", True),
        ("+", "/a", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),  # [MQTT-4.7.2-1]
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("$SYS/+", "$SYS/x", True),
        ("a", "A", False),
        ("a//b", "a//b", True),
        ("a/+/b", "a//b", True),
    ],
)
def test_4_7_filters_match_levels(rig: Rig, name: str, topic: str, *, matches: bool) -> None:
    client = rig.client()
    client.send(subscribe((name, 0)))
    client.got()
    rig.server.pass_on(Publish(topic, b"x"), None)
    assert bool(client.messages()) is matches
    rig.server.pass_on(Publish(topic, b"kept", retain=True), None)
    late = rig.client("late")
    late.send(subscribe((name, 0)))
    assert bool(late.messages()) is matches


@both
def test_4_8_2_a_group_shares_its_messages(rig: Rig, version: int) -> None:
    members = [rig.client(f"m{n}", version=version) for n in range(3)]
    for member in members:
        member.send(subscribe(("$share/g/a/+", 1), version=version))
        member.got()
    alone = rig.client("alone")
    alone.send(subscribe(("a/+", 1)))
    alone.got()
    other = rig.client("other")
    other.send(publish("a/b", b"kept", 1, 99, retain=True))
    other.send(*(publish("a/b", b"%d" % n, 1, n + 1) for n in range(8)))
    shares = [len(member.messages()) for member in members]
    assert shares == [3, 3, 3]
    assert len(alone.messages()) == 9
    members[0].connection.lost()
    other.send(*(publish("a/b", b"%d" % n, 1, n + 1) for n in range(4)))
    assert [len(member.messages()) for member in members[1:]] == [2, 2]
    late = rig.client("late", version=version)
    late.send(subscribe(("$share/g/a/+", 1), version=version))
    assert late.messages() == []  # no retained ones


def test_3_8_3_4_no_local_does_not_go_with_a_group(rig: Rig) -> None:
    client = rig.client(version=5)
    client.send(subscribe(("$share/g/a", 0x04), version=5))
    assert client.is_closed


@both
def test_3_12_4_1_a_ping_is_answered(rig: Rig, version: int) -> None:
    client = rig.client(version=version)
    client.got()
    client.send(PING)
    assert client.kinds() == [PINGRESP]


def test_3_2_2_a_client_of_5_is_told_the_limits() -> None:
    rig = Rig(Limits(receive_maximum=9, packet_bytes=5_000, topic_aliases=4))
    client = rig.client(version=5, properties=u32(17, 0xFFFFFFFF))
    body = client.only().body
    for expected in (u16(33, 9), u32(39, 5_000), u16(34, 4), u32(17, 14 * 86_400)):
        assert expected in body


def test_bytes_may_come_one_by_one(rig: Rig) -> None:
    client = rig.stranger(version=5)
    data = connect(version=5) + subscribe(("a", 1), version=5)
    data += publish("a", b"x" * 300, 1, 5, version=5)
    for at in range(len(data)):
        client.send(data[at : at + 1])
    assert client.kinds() == [CONNACK, SUBACK, PUBLISH, PUBACK]
