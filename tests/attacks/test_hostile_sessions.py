"""Sessions of the embedded broker as somebody would leave them behind to harm."""

import time
import tracemalloc

import pytest

from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.protocol.messages import Message
from mqtt_ingest.embedded_broker.protocol.topic_tree import TopicTree
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from tests.attacks.test_heavy_packets import SECONDS
from tests.mqtt_ingest.embedded_broker.rig import (
    CONNACK,
    PUBLISH,
    Rig,
    ack,
    connect,
    packet,
    publish,
    subscribe,
    text,
    u16,
    u32,
)

MB = 1_000_000
GOODBYE = packet(0xE0)
ONE_AT_A_TIME = u32(0x11, 1_000) + u16(0x21, 1)


def with_retained(number: int) -> Rig:
    rig = Rig()
    for n in range(number):
        rig.server.retained.put(Message(f"t{n}", b"x", 1, retain=True), rig.now)
    return rig


def test_half_read_retained_messages_take_no_memory_of_sessions_that_are_away() -> None:
    rig = with_retained(20_000)
    tracemalloc.start()
    for number in range(50):
        client = rig.client(f"c{number}", version=5, clean=False, properties=ONE_AT_A_TIME)
        client.send(subscribe(("+", 1), version=5))
        client.connection.lost()
    taken, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rig.server.sessions) == 50
    # The topics as they were are listed once, for all.
    assert taken < 5 * MB, f"{taken / MB:.0f} MB"


def test_who_comes_back_gets_the_rest_of_the_retained_messages() -> None:
    rig = with_retained(5)
    client = rig.client("c", version=5, clean=False, properties=ONE_AT_A_TIME)
    client.send(subscribe(("+", 1), version=5))
    client.connection.lost()
    again = rig.client("c", version=5, clean=False, properties=ONE_AT_A_TIME)
    topics = set()
    for _turn in range(12):
        for one in again.got():
            if one.kind == PUBLISH:
                topics.add(one.topic)
                again.send(ack(4, one.packet_id))
    assert topics == {f"t{n}" for n in range(5)}


def test_what_is_walked_through_may_change_meanwhile() -> None:
    tree: TopicTree[int] = TopicTree()
    for n in range(10):
        tree.set([f"t{n}", "a"], n)
    walk = tree.matched_by(["+", "a"])
    found = [next(walk) for _step in range(3)]
    tree.remove(["t9", "a"])
    tree.set(["t10", "a"], 10)
    found += list(walk)
    assert set(range(9)) <= {one for one in found if one is not None} <= set(range(11))


def test_outgoing_topic_aliases_are_bounded() -> None:
    rig = Rig(Limits(topic_aliases=4))
    client = rig.client(version=5, properties=u16(0x22, 65_535))
    client.send(subscribe(("#", 0), version=5))
    other = rig.client("other")
    for number in range(50):
        other.send(publish(f"topic/{number}", b"x"))
    outbox = client.connection._outbox
    assert outbox is not None
    assert len(outbox._aliases) == 4
    assert len([one for one in client.got() if one.kind == PUBLISH]) == 50


def test_those_that_are_away_and_wait_for_the_same_are_few() -> None:
    rig = Rig(Limits(away_listening=3))
    for number in range(5):
        rig.client(f"c{number}", clean=False).send(subscribe(("#", 1)), GOODBYE)
        rig.client(f"own{number}", clean=False).send(subscribe((f"to/{number}/#", 1)), GOODBYE)
        rig.now += 1
    back = rig.client("c0", clean=False)
    back.send(subscribe(("#", 1)))
    rig.client("other").send(publish("to/3/do", b"x", 1, 1))
    # Of six that wait for it the first ones end; who is connected, and who waits for others, stay.
    ended = {f"c{n}" for n in range(5)} | {f"own{n}" for n in range(5)}
    ended -= set(rig.server.sessions)
    assert ended == {"c1", "c2"}
    assert ("sessions", "'c1' ends: too many wait for the same messages") in rig.logged
    assert len([one for one in back.got() if one.kind == PUBLISH]) == 1


def test_look_ups_that_rest_hold_no_list_of_topics() -> None:
    rig = with_retained(20_000)
    clients = []
    tracemalloc.start()
    for number in range(50):
        client = rig.client(f"c{number}", version=5, properties=u16(0x21, 1))
        client.send(subscribe(("+", 1), version=5))
        # What comes and goes between makes no other list.
        rig.server.retained.put(Message(f"new{number}", b"x", 1, retain=True), rig.now)
        clients.append(client)
    taken, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 5 * MB, f"{taken / MB:.0f} MB"
    assert all(not client.is_closed for client in clients)


def test_wills_of_a_crowd_that_comes_and_goes_hold_up_nobody() -> None:
    rig = Rig()
    lasting = rig.client("lasting", will=("w", b"lasting", 1, False))
    rig.now += 100
    rig.intake.is_full = True
    for number in range(1_500):
        rig.client(f"c{number}", will=("w", b"%d" % number, 1, False)).connection.lost()
    lasting.connection.lost()
    assert len(rig.server._brief) == 1_000
    rig.intake.is_full = False
    rig.server.tick()
    payloads = [one.payload for one in rig.intake.taken]
    assert payloads[:2] == [b"lasting", b"500"]
    assert ("wills", "more wills at once than are published: the oldest go") in rig.logged


def test_wills_that_are_due_together_come_as_there_is_room() -> None:
    rig = Rig()
    for number in range(500):
        client = rig.client(
            f"c{number}", version=5, properties=u32(0x11, 100), will=("w", b"x", 1, False),
            will_properties=u32(0x18, 5),
        )  # fmt: skip
        client.connection.lost()
    rig.now += 5
    rig.server.tick()
    assert len(rig.intake.taken) == 200
    rig.intake.is_full = True
    rig.server.tick()
    assert len(rig.intake.taken) == 200
    rig.intake.is_full = False
    rig.pass_time(3)
    assert len(rig.intake.taken) == 500


def test_connections_that_break_together_leave_their_wills_in_turn() -> None:
    rig = Rig()
    clients = [rig.client(f"c{n}", will=("w", b"%d" % n, 1, False)) for n in range(300)]
    for client in clients:
        client.connection.lost()
    assert len(rig.intake.taken) == 200
    rig.pass_time(2)
    assert [one.payload for one in rig.intake.taken] == [b"%d" % n for n in range(300)]


def test_a_will_has_few_user_properties() -> None:
    rig = Rig()
    pair = b"\x26" + text("a") + text("b")
    stranger = rig.stranger(version=5)
    stranger.send(connect(version=5, will=("w", b"x", 1, False), will_properties=pair * 33))
    refused = stranger.got()
    assert stranger.is_closed
    assert [one.kind for one in refused] == [CONNACK]
    client = rig.client(version=5, will=("w", b"x", 1, False), will_properties=pair * 32)
    assert not client.is_closed


def test_a_release_of_nothing_writes_nothing() -> None:
    rig = Rig()
    client = rig.client(clean=False)
    rig.server.changed.clear()
    client.send(*(ack(6, number) for number in range(1, 50)))
    assert not rig.server.changed


@pytest.mark.parametrize("more", [0, 1])
def test_very_many_filters_cost_little_to_ask_and_to_have_again(more: int) -> None:
    source = EmbeddedSource("here")
    filters = [f"home/{n}/state" for n in range(20_000)]
    source.subscribe(filters)
    begun = time.monotonic()
    for _turn in range(20):
        source.subscribe([*filters, "x"][: len(filters) + more])
        assert source._is_wanted("home/19999/state")
        assert not source._is_wanted("home/none/state")
    assert time.monotonic() - begun < SECONDS
