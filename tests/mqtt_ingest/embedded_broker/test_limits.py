"""What clients may take: beyond it they are refused, and the server goes on."""

from collections.abc import Callable

import pytest

from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.rim import Credentials, Identity
from tests.mqtt_ingest.embedded_broker.rig import (
    CONNACK,
    DISCONNECT,
    GOODBYE,
    PING,
    PUBACK,
    PUBLISH,
    PUBREC,
    PUBREL,
    Client,
    Rig,
    ack,
    connect,
    publish,
    subscribe,
    text,
    u16,
    u32,
    unsubscribe,
)


def away(rig: Rig, client_id: str, *filters: str) -> None:
    """Leave a session that is kept."""
    client = rig.client(client_id, clean=False)
    client.send(subscribe(*((name, 1) for name in filters)), GOODBYE)


# --- strangers --------------------------------------------------------------
def test_a_stranger_has_a_few_seconds() -> None:
    rig = Rig()
    silent, slow = rig.stranger(), rig.stranger()
    for byte in connect()[:6]:
        slow.send(bytes([byte]))
        rig.pass_time(1)
    assert silent.is_closed
    assert slow.is_closed  # whatever it says meanwhile


def test_connect_may_not_be_large() -> None:
    rig = Rig()
    stranger = rig.stranger()
    stranger.send(b"\x10\xff\xff\xff\x7f")
    assert stranger.is_closed
    assert stranger.got() == []


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("password", [None, b"", b"wrong", b"right ", "rïght".encode()])
def test_nothing_of_a_session_is_touched_before_the_password(
    version: int, password: bytes | None
) -> None:
    rig = Rig()
    owner = rig.client("device", clean=False)
    owner.send(subscribe(("to/device", 1)))
    owner.got()
    stranger = rig.stranger(version=version, local=False)
    named = {"username": None if password is None else "u", "password": password}
    stranger.send(
        connect("device", version=version, will=("devices/x/telemetry", b"1", 1, True), **named)
    )
    connack = stranger.only()
    assert connack.body[:2] == (b"\0\x86" if version == 5 else b"\0\4")
    assert stranger.is_closed
    assert rig.logged == [("refused", "refused 'device' from 192.0.2.7: wrong or missing password")]
    stranger.connection.lost()
    rig.pass_time(10)
    assert not owner.is_closed
    assert rig.intake.taken == []
    assert len(rig.server.retained) == 0
    rig.client("other").send(publish("to/device", b"x", 1))
    assert owner.messages() == [("to/device", b"x")]


def test_the_right_password_is_bytes() -> None:
    from mqtt_ingest.embedded_broker.access import PasswordAccess

    rig = Rig(access=PasswordAccess("Schlüssel"))
    stranger = rig.stranger(local=False)
    stranger.send(connect(username="any", password="Schlüssel".encode()))
    assert stranger.only().body == b"\0\0"


def test_without_a_password_nobody_from_elsewhere_is_let_in() -> None:
    from mqtt_ingest.embedded_broker.access import PasswordAccess

    rig = Rig(access=PasswordAccess(""))
    for shown in (None, b"", b"x"):
        stranger = rig.stranger(local=False)
        stranger.send(connect(username=None if shown is None else "u", password=shown))
        assert stranger.only().body == b"\0\4"


class Slow:
    """Access that answers when it is told to; sessions belong to user names."""

    def __init__(self) -> None:
        self.answers: list[tuple[Credentials, Callable[[Identity | None], None]]] = []

    def authenticate(self, shown: Credentials, answer: Callable[[Identity | None], None]) -> None:
        self.answers.append((shown, answer))

    def decide(self) -> None:
        shown, answer = self.answers.pop(0)
        answer(Identity(shown.username or ""))

    def may_publish(self, identity: Identity, topic: str) -> bool:
        return topic.startswith(f"{identity.name}/")

    def may_subscribe(self, identity: Identity, topic_filter: str) -> bool:
        return topic_filter.startswith(f"{identity.name}/")


def test_who_somebody_is_may_take_a_moment() -> None:
    slow = Slow()
    rig = Rig(access=slow)
    client = rig.stranger()
    client.send(connect(username="ann"), publish("ann/x", b"1", 1), PING)
    assert client.got() == []
    assert rig.intake.taken == []
    slow.decide()
    assert client.kinds()[:2] == [CONNACK, PUBACK]
    late = rig.stranger()
    late.send(connect("late", username="ann"))
    rig.pass_time(6)
    assert late.is_closed
    slow.decide()
    assert late.got() == []
    assert "late" not in rig.server.sessions


@pytest.mark.parametrize("version", [4, 5])
def test_the_access_function_decides_what_somebody_may(version: int) -> None:
    slow = Slow()
    rig = Rig(access=slow)

    def enter(name: str, **options: object) -> Client:
        client = rig.stranger(version=version)
        client.send(connect(name, version=version, username=name, **options))  # type: ignore[arg-type]
        slow.decide()
        return client

    ann = enter("ann")
    ann.got()
    ann.send(subscribe(("bob/#", 1), ("ann/#", 1), ("$share/g/bob/x", 0), version=version))
    refused = 0x87 if version == 5 else 0x80
    assert ann.only().codes == [refused, 1, refused]
    ann.send(publish("bob/x", b"1", 1, 5, version=version, retain=True))
    answer = ann.only()
    assert answer.kind == PUBACK
    assert answer.body[2:] == (b"\x87" if version == 5 else b"")
    assert rig.intake.taken == []
    assert len(rig.server.retained) == 0
    eve = enter("eve", will=("bob/x", b"1", 1, False))
    assert eve.is_closed
    thief = rig.stranger(version=version)
    thief.send(connect("ann", version=version, username="eve"))
    slow.decide()
    assert thief.only().body[:2] == (b"\0\x87" if version == 5 else b"\0\5")
    assert not ann.is_closed


# --- packets and topics -----------------------------------------------------
@pytest.mark.parametrize("version", [4, 5])
def test_a_packet_that_is_too_large_is_refused_before_it_has_come(version: int) -> None:
    rig = Rig(Limits(packet_bytes=1_000))
    client = rig.client(version=version)
    client.got()
    client.send(b"\x30\xd0\x86\x03")
    assert client.is_closed
    got = client.got()
    assert [(one.kind, one.body[0]) for one in got] == (
        [(DISCONNECT, 0x95)] if version == 5 else []
    )


@pytest.mark.parametrize("topic", ["x" * 1_025, "/" * 64, "ü" * 600])
def test_topics_have_a_length_and_levels(topic: str) -> None:
    rig = Rig()
    client = rig.client()
    client.send(subscribe((topic, 0)))
    assert client.got()[1].codes == [0x80]
    client.send(publish(topic, b"x"))
    assert client.is_closed
    other = rig.stranger()
    other.send(connect("w", will=(topic, b"x", 0, False)))
    assert other.is_closed


def test_a_client_id_has_a_length() -> None:
    rig = Rig()
    client = rig.client("x" * 257)
    assert client.only().body == b"\0\2"
    assert not rig.client("x" * 256).is_closed


# --- sessions ---------------------------------------------------------------
def test_subscriptions_are_counted_and_weighed() -> None:
    rig = Rig(Limits(subscriptions=10, subscription_bytes=20_000, all_subscription_bytes=30_000))
    client = rig.client(version=5)
    client.got()
    client.send(subscribe(*((f"a/{n}", 0) for n in range(12)), version=5))
    assert client.only().codes == [0] * 10 + [0x97] * 2
    client.send(subscribe(("a/1", 1), version=5))
    assert client.only().codes == [1]  # the same again
    client.send(unsubscribe("a/1", version=5), subscribe(("b" + "/x" * 60, 0), version=5))
    assert client.got()[1].codes == [0x97]
    for n in range(3):
        rig.client(f"c{n}").send(subscribe(*((f"a/{m}", 0) for m in range(10))))
    assert rig.server.subscription_bytes <= 30_000
    assert ("subscriptions", "'c2' has too many subscriptions") in rig.logged


def test_an_absent_session_keeps_the_newest_and_counts_the_rest() -> None:
    rig = Rig(Limits(queued=5, queued_bytes=2_500))
    away(rig, "away", "a")
    other = rig.client("other")
    other.send(*(publish("a", b"%d" % n, 1, n + 1) for n in range(9)))
    client = rig.client("away", clean=False)
    assert [payload for _topic, payload in client.messages()] == [b"4", b"5", b"6", b"7", b"8"]
    assert rig.server.sessions["away"].dropped == 4
    assert rig.server.counters.dropped == 4
    client.connection.lost()
    other.send(*(publish("a", b"x" * 1_000, 1, n + 1) for n in range(9)))
    assert rig.server.sessions["away"].queued_bytes <= 2_500
    assert rig.server.queued_bytes == rig.server.sessions["away"].queued_bytes


def test_what_waits_for_too_long_goes() -> None:
    rig = Rig(Limits(queued_seconds=10))
    away(rig, "away", "a")
    other = rig.client("other")
    other.send(publish("a", b"old", 1, 1))
    rig.pass_time(11)
    other.send(publish("a", b"new", 1, 2))
    assert rig.client("away", clean=False).messages() == [("a", b"new")]


def test_all_that_waits_is_bounded() -> None:
    rig = Rig(Limits(all_queued_bytes=10_000))
    for n in range(20):
        away(rig, f"away{n}", "a")
    rig.client("other").send(*(publish("a", b"x" * 500, 1, n + 1) for n in range(50)))
    waiting = sum(session.queued_bytes for session in rig.server.sessions.values())
    assert waiting == rig.server.queued_bytes <= 10_000


def test_sessions_are_counted_and_the_longest_absent_goes() -> None:
    rig = Rig(Limits(sessions=3))
    for n in range(3):
        away(rig, f"away{n}", "a")
        rig.pass_time(2)
    rig.client("new")
    assert set(rig.server.sessions) == {"away1", "away2", "new"}
    rig.client("b")
    rig.client("c")
    full = rig.client("d", version=5)
    assert full.only().body[1] == 0x97


def test_retained_messages_are_counted_and_weighed() -> None:
    rig = Rig(Limits(retained=3, retained_bytes=3_000))
    client = rig.client()
    client.send(*(publish(f"a{n}", b"x", 1, n + 1, retain=True) for n in range(5)))
    assert len(rig.server.retained) == 3
    client.send(publish("a0", b"y" * 2_500, retain=True))
    assert rig.server.retained.get("a0") is None  # what it says is not true any more
    client.send(publish("deep/" * 8, b"x", retain=True))
    assert len(rig.server.retained) == 2
    assert rig.server.counters.not_retained == 4


def test_retained_messages_that_have_expired_make_room() -> None:
    rig = Rig(Limits(retained=3))
    client = rig.client(version=5)
    for number in range(3):
        client.send(publish(f"a{number}", b"x", version=5, retain=True, properties=u32(2, 5)))
    rig.pass_time(20)
    client.send(publish("new", b"x", version=5, retain=True))
    assert rig.server.retained.get("new") is not None
    assert len(rig.server.retained) == 1


def test_one_absent_session_does_not_silence_the_others() -> None:
    rig = Rig(Limits(all_queued_bytes=20_000))
    away(rig, "hog", "hog")
    other = rig.client("other")
    other.send(*(publish("hog", b"x" * 200, 1, n + 1) for n in range(80)))
    good = rig.client("good")
    good.send(subscribe(("g", 1)))
    good.got()
    for qos in (0, 1):
        other.send(publish("g", b"for you", qos, 99))
        assert good.messages() == [("g", b"for you")]
    assert rig.server.queued_bytes <= 20_000


def test_what_is_in_flight_is_counted_and_comes_again_as_it_is_read() -> None:
    rig = Rig(Limits(unsent_bytes=50_000))
    client = rig.client(clean=False)
    client.send(subscribe(("a", 1)))
    rig.client("other").send(*(publish("a", b"x" * 5_000, 1, n + 1) for n in range(60)))
    seen = 0
    while got := [one for one in client.got() if one.kind == PUBLISH]:
        seen += len(got)
    assert seen == 60
    assert rig.server.queued_bytes > 300_000
    client.connection.lost()
    again = rig.client(clean=False)
    assert len(again.connection.out) < 60_000
    back: list[int] = []
    while got := again.got():
        back += [one.packet_id for one in got if one.kind == PUBLISH]
    assert len(set(back)) == 60
    again.send(*(ack(PUBACK, packet_id) for packet_id in back))
    assert rig.server.queued_bytes == 0


def test_what_comes_again_keeps_to_what_the_client_takes_now() -> None:
    rig = Rig()
    kept = {"version": 5, "clean": False}
    client = rig.client(**kept, properties=u32(17, 60))
    client.send(subscribe(("a", 1), version=5))
    other = rig.client("other")
    other.send(publish("a", b"x" * 500, 1, 50), *(publish("a", b"%d" % n, 1, n) for n in (1, 2, 3)))
    client.got()
    client.connection.lost()
    again = rig.client(**kept, properties=u32(17, 60) + u16(33, 1) + u32(39, 200))
    seen = [one for one in again.got() if one.kind == PUBLISH]
    assert [one.payload for one in seen] == [b"1"]  # the large one is dropped
    again.send(ack(PUBACK, seen[0].packet_id))
    assert again.only().payload == b"2"


def test_retained_messages_go_on_after_the_connection_was_lost() -> None:
    rig = Rig(Limits(inflight=2))
    other = rig.client("other")
    other.send(*(publish(f"a/{n}", b"x", 1, n + 1, retain=True) for n in range(10)))
    client = rig.client(clean=False)
    client.send(subscribe(("a/#", 1)))
    client.got()
    client.connection.lost()
    client = rig.client(clean=False)
    topics = set()
    while seen := [one for one in client.got() if one.kind == PUBLISH]:
        topics |= {one.topic for one in seen}
        client.send(*(ack(PUBACK, one.packet_id) for one in seen))
    assert len(topics) == 10


def test_filters_and_properties_of_a_packet_are_counted() -> None:
    rig = Rig()
    for data in (
        subscribe(*([("a", 0)] * 1_001), version=5),
        unsubscribe(*(["a"] * 1_001), version=5),
        publish("a", version=5, properties=(b"\x26" + text("k") + text("v")) * 101),
    ):
        client = rig.client(version=5)
        client.got()
        client.send(data)
        assert client.only().body[0] == 0x97
        assert client.is_closed


def test_properties_are_weighed() -> None:
    rig = Rig()
    pair = b"\x26" + text("") + text("")
    rig.client(version=5).send(publish("a", b"x", version=5, retain=True, properties=pair * 100))
    assert rig.server.retained.bytes > 15_000


def test_a_message_expires_from_its_arrival_on() -> None:
    rig = Rig()
    rig.intake.waits = True
    client = rig.client(version=5)
    client.send(subscribe(("a", 1), version=5))
    client.got()
    client.send(publish("a", b"x", version=5, properties=u32(2, 10)))
    rig.now += 60
    rig.intake.commit()
    assert client.messages() == []


def test_who_reads_nothing_is_silent() -> None:
    rig = Rig(Limits(unsent_bytes=1_000))
    client = rig.client(keep_alive=10, will=("gone", b"bye", 0, False))
    client.send(PING * 5_000)
    assert client.connection.is_held
    rig.pass_time(20)
    assert client.is_closed
    assert [one.topic for one in rig.intake.taken] == ["gone"]


def test_a_pubrel_before_its_pubrec_ends_the_connection() -> None:
    rig = Rig()
    rig.intake.waits = True
    client = rig.client(version=5)
    client.got()
    client.send(publish("a", b"x", 2, 1, version=5), ack(PUBREL, 1))
    assert client.only().body[0] == 0x82


def test_the_largest_packet_that_a_client_takes_is_sent() -> None:
    rig = Rig()
    client = rig.client(version=5, properties=u32(39, 100))
    client.send(subscribe(("a", 0), version=5))
    client.got()
    # Fixed header 2, topic 3, no properties 1.
    rig.client("other").send(publish("a", b"x" * 94), publish("a", b"x" * 95))
    assert [len(payload) for _topic, payload in client.messages()] == [94]


# --- those who do not read, or do not stop ----------------------------------
def test_who_does_not_read_is_held_and_keeps_the_newest() -> None:
    rig = Rig(Limits(unsent_bytes=10_000, queued=20, inflight=10))
    client = rig.client()
    client.send(subscribe(("a", 1), ("b", 0)))
    other = rig.client("other")
    other.send(*(publish("a", b"x" * 900, 1, n + 1) for n in range(200)))
    other.send(*(publish("b", b"x" * 900) for n in range(200)))
    assert len(client.connection.out) <= 12_000
    assert len(rig.server.sessions["c"].queue) <= 20
    assert len(other.got()) == 201


def test_who_sends_without_reading_answers_is_held() -> None:
    rig = Rig(Limits(unsent_bytes=1_000))
    client = rig.client()
    client.send(PING * 5_000)
    assert len(client.connection.out) < 1_200
    assert client.connection.is_held
    pongs = 0
    while got := client.got():
        pongs += len(got)
    assert pongs == 5_001


@pytest.mark.parametrize("qos", [1, 2])
def test_unacknowledged_messages_are_bounded(qos: int) -> None:
    rig = Rig(Limits(receive_maximum=10))
    rig.intake.waits = True
    client = rig.client()
    client.got()
    client.send(*(publish("a", b"x", qos, n + 1) for n in range(30)))
    assert len(rig.intake.taken) == 10
    rig.intake.waits = False
    rig.intake.commit()
    kinds = [kind for _turn in range(3) for kind in client.kinds()]
    if qos == 1:
        assert kinds == [PUBACK] * 30
    else:  # ten that are not released are all that it may have
        assert kinds == [PUBREC] * 10
        assert client.is_closed


def test_while_the_intake_is_full_others_are_answered() -> None:
    rig = Rig()
    client, reader = rig.client(keep_alive=10), rig.client("reader", keep_alive=10)
    client.got()
    rig.intake.is_full = True
    client.send(publish("a", b"x", 1), PING)
    reader.send(PING)
    assert client.got() == []
    assert len(reader.got()) == 2
    rig.pass_time(14)
    reader.send(PING)
    rig.pass_time(100)
    assert not client.is_closed  # it is we who do not listen
    assert reader.is_closed
    rig.intake.is_full = False
    rig.server.go_on()
    assert len(client.got()) == 2


def test_a_burst_has_turns() -> None:
    rig = Rig(Limits(slice_packets=10))
    client = rig.stranger()
    client.connection.receive(connect() + PING * 100)
    client.connection.turn()
    assert client.connection.has_more
    assert len(client.connection.out) < 30
    assert len(client.got()) == 101


def test_many_retained_messages_come_in_turns_and_as_they_are_read() -> None:
    rig = Rig(Limits(slice_topics=50, inflight=20))
    other = rig.client("other")
    for n in range(500):
        other.send(publish(f"a/{n}", b"x", 1, 1, retain=True))
    client = rig.client()
    client.send(subscribe(("a/#", 1)))
    seen = [one for one in client.got() if one.kind == PUBLISH]
    assert len(seen) == 20
    topics = {one.topic for one in seen}
    while seen:
        client.send(*(ack(PUBACK, one.packet_id) for one in seen))
        seen = client.got()
        topics |= {one.topic for one in seen}
    assert len(topics) == 500


def test_the_windows_of_both_sides_count() -> None:
    rig = Rig(Limits(inflight=5))
    client = rig.client(version=5, properties=u16(33, 50) + u32(17, 9))
    client.send(subscribe(("a", 1), version=5))
    rig.client("other").send(*(publish("a", b"x", 1, n + 1) for n in range(20)))
    assert len(client.messages()) == 5


def test_room_for_all_is_made_once_for_many_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sessions hold the same, looking for the largest is no work of each packet."""
    rig = Rig(Limits(all_queued_bytes=100_000))
    for number in range(50):
        away(rig, f"s{number}", "x")
    looked: list[int] = []
    drop = rig.server._drop_of_the_largest

    def look() -> None:
        looked.append(1)
        drop()

    monkeypatch.setattr(rig.server, "_drop_of_the_largest", look)
    sender = rig.client("p")
    for turn in range(40):
        sender.send(publish("x", b"a" * 200, 1, turn + 1))
        sender.got()
    assert rig.server.queued_bytes <= 100_000
    held = [rig.server.sessions[f"s{number}"].queued_bytes for number in range(50)]
    assert min(held) > 0
    # 2,000 deliveries; each time a twentieth of all is freed.
    assert 0 < len(looked) < 300
