"""Canaries prove the way that data takes; what the broker says is heard; none is a device."""

from devices.timings import CANARY_MISSED_SECONDS
from mqtt_ingest.broker.canary import (
    CANARY_SECONDS,
    DROPPED_TOPIC,
    MISSES,
    VERSION_TOPIC,
    SideTopics,
)
from tests.support.factories import make_packet


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make_aside(**options: bool) -> tuple[SideTopics, Clock, list[int]]:
    clock, dropped = Clock(), list[int]()
    given = {"canary": True, "watch_broker": True, **options}
    aside = SideTopics("me", on_dropped=dropped.append, clock=clock, **given)
    aside.begin()
    return aside, clock, dropped


PLAIN, SHARED = "iotbridge/canary/me", "iotbridge/canary/me/shared"


def due(aside: SideTopics, topic: str = PLAIN) -> bytes | None:
    return dict(aside.due()).get(topic)


def back(aside: SideTopics, payload: bytes, topic: str = PLAIN) -> None:
    aside.take(make_packet(topic, payload))


def test_a_canary_that_comes_back_proves_the_way() -> None:
    aside, clock, _dropped = make_aside()
    first = due(aside)
    assert first is not None
    assert aside.canary == "waiting"
    assert due(aside) is None
    back(aside, first)
    assert aside.canary == "proven"
    assert due(aside) is None
    clock.now += CANARY_SECONDS
    assert due(aside) not in {None, first}


def test_one_that_never_came_back_is_refused_and_not_deaf() -> None:
    aside, clock, _dropped = make_aside()
    aside.due()
    clock.now += CANARY_MISSED_SECONDS
    assert aside.missed()
    assert aside.canary == "refused"
    assert not aside.missed()


def test_one_that_does_not_come_back_any_more_is_deaf() -> None:
    aside, clock, _dropped = make_aside()
    back(aside, due(aside) or b"")
    clock.now += CANARY_SECONDS
    second = due(aside)
    clock.now += CANARY_MISSED_SECONDS
    assert aside.missed()
    assert aside.canary == "deaf"
    back(aside, second or b"")
    assert aside.canary == "proven"


def test_an_old_canary_proves_nothing() -> None:
    aside, clock, _dropped = make_aside()
    first = due(aside) or b""
    clock.now += CANARY_MISSED_SECONDS
    assert aside.missed()
    aside.due()
    back(aside, first)
    assert aside.canary == "refused"


def test_while_nothing_is_read_the_canary_is_excused() -> None:
    aside, clock, _dropped = make_aside()
    aside.due()
    aside.excuse()
    clock.now += CANARY_MISSED_SECONDS
    assert not aside.missed()


def test_switched_off_it_is_never_sent() -> None:
    aside, _clock, _dropped = make_aside(canary=False, watch_broker=False)
    assert (aside.canary, aside.due(), aside.topics) == ("off", [], frozenset())
    assert (aside.filters, aside.evidence) == ([], "")


def test_the_brokers_dropped_count_is_told() -> None:
    aside, _clock, dropped = make_aside()
    for payload in (b"0", b"17", b"nonsense", b"9" * 16, b"9" * 5_000):
        aside.take(make_packet(DROPPED_TOPIC, payload))
    assert dropped == [0, 17]
    assert aside.broker_dropped == 17


def test_the_broker_says_what_it_is() -> None:
    aside, _clock, _dropped = make_aside()
    assert VERSION_TOPIC in aside.filters
    back(aside, b"mosquitto version 2.0.11", VERSION_TOPIC)
    assert aside.software == "mosquitto version 2.0.11"


def test_a_canary_of_its_own_proves_shared_filters() -> None:
    aside, _clock, _dropped = make_aside(shared=True)
    assert "$share/canary-me/iotbridge/canary/me/shared" in aside.filters
    sent = dict(aside.due())
    assert set(sent) == {PLAIN, SHARED}
    assert aside.evidence == ""
    back(aside, sent[PLAIN])
    assert aside.evidence == ""
    back(aside, sent[SHARED], SHARED)
    assert aside.evidence == "proven"


def test_shared_filters_are_refused_where_plain_ones_work() -> None:
    aside, clock, _dropped = make_aside(shared=True)
    back(aside, due(aside) or b"")
    clock.now += CANARY_MISSED_SECONDS
    assert not aside.missed()  # data does not depend on it
    assert aside.evidence == "refused"
    assert aside.canary == "proven"


def test_a_broker_that_lets_no_canary_through_proves_nothing() -> None:
    aside, clock, _dropped = make_aside(shared=True)
    aside.due()
    clock.now += CANARY_MISSED_SECONDS
    assert aside.missed()
    assert aside.evidence == ""


def test_data_by_shared_filters_is_deaf_when_their_canary_is() -> None:
    aside, clock, _dropped = make_aside(shared=True)
    aside.data_is_shared = True
    sent = dict(aside.due())
    back(aside, sent[PLAIN])
    assert aside.canary == "waiting"
    back(aside, sent[SHARED], SHARED)
    assert aside.canary == "proven"
    clock.now += CANARY_SECONDS
    back(aside, due(aside) or b"")
    clock.now += CANARY_MISSED_SECONDS
    assert aside.missed()
    assert aside.canary == "deaf"


def test_one_shared_canary_that_is_lost_proves_nothing_and_three_in_a_row_do() -> None:
    aside, clock, _dropped = make_aside(shared=True)
    sent = dict(aside.due())
    back(aside, sent[PLAIN])
    back(aside, sent[SHARED], SHARED)
    for n in range(MISSES):
        assert aside.evidence != "refused", n
        clock.now += CANARY_SECONDS
        back(aside, due(aside) or b"")
        clock.now += CANARY_MISSED_SECONDS
        aside.missed()
        # A connection that is made anew does not begin to count anew.
        aside.begin()
        back(aside, due(aside) or b"")
        clock.now += CANARY_MISSED_SECONDS - CANARY_SECONDS
    assert aside.shared is not None
    assert aside.shared.misses >= MISSES
    assert aside.evidence == "refused"
    clock.now += CANARY_SECONDS
    aside.begin()
    back(aside, dict(aside.due())[SHARED], SHARED)
    assert aside.evidence == "proven"


def test_a_subscription_that_is_refused_needs_no_waiting() -> None:
    aside, _clock, _dropped = make_aside(shared=True)
    back(aside, due(aside) or b"")
    assert aside.shared is not None
    aside.shared.refuse()
    assert aside.evidence == "refused"


def test_a_broker_that_lets_the_canary_share_and_not_the_data_is_refused() -> None:
    aside, _clock, _dropped = make_aside(shared=True)
    sent = dict(aside.due())
    back(aside, sent[SHARED], SHARED)
    assert aside.evidence == "proven"
    aside.data_refused = True
    assert aside.evidence == "refused"
