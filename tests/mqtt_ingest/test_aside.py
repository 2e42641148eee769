"""The canary proves the way; the broker's dropped count is heard; neither is a device."""

from mqtt_ingest.aside import CANARY_SECONDS, DROPPED_TOPIC, MISSED_SECONDS, Aside
from tests.support.factories import make_packet


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make_aside(**options: bool) -> tuple[Aside, Clock, list[int]]:
    clock, dropped = Clock(), list[int]()
    given = {"canary": True, "watch_broker": True, **options}
    aside = Aside("me", on_dropped=dropped.append, clock=clock, **given)
    aside.begin()
    return aside, clock, dropped


def back(aside: Aside, payload: bytes) -> None:
    aside.take(make_packet(aside.topic, payload))


def test_a_canary_that_comes_back_proves_the_way() -> None:
    aside, clock, _dropped = make_aside()
    first = aside.due()
    assert first is not None
    assert aside.canary == "waiting"
    assert aside.due() is None
    back(aside, first)
    assert aside.canary == "proven"
    assert aside.due() is None
    clock.now += CANARY_SECONDS
    assert aside.due() not in {None, first}


def test_one_that_never_came_back_is_refused_and_not_deaf() -> None:
    aside, clock, _dropped = make_aside()
    aside.due()
    clock.now += MISSED_SECONDS
    assert aside.missed()
    assert aside.canary == "refused"
    assert not aside.missed()


def test_one_that_does_not_come_back_any_more_is_deaf() -> None:
    aside, clock, _dropped = make_aside()
    back(aside, aside.due() or b"")
    clock.now += CANARY_SECONDS
    second = aside.due()
    clock.now += MISSED_SECONDS
    assert aside.missed()
    assert aside.canary == "deaf"
    back(aside, second or b"")
    assert aside.canary == "proven"


def test_an_old_canary_proves_nothing() -> None:
    aside, clock, _dropped = make_aside()
    first = aside.due() or b""
    clock.now += MISSED_SECONDS
    assert aside.missed()
    aside.due()
    back(aside, first)
    assert aside.canary == "refused"


def test_while_nothing_is_read_the_canary_is_excused() -> None:
    aside, clock, _dropped = make_aside()
    aside.due()
    aside.excuse()
    clock.now += MISSED_SECONDS
    assert not aside.missed()


def test_switched_off_it_is_never_sent() -> None:
    aside, _clock, _dropped = make_aside(canary=False, watch_broker=False)
    assert (aside.canary, aside.due(), aside.topics) == ("off", None, frozenset())


def test_the_brokers_dropped_count_is_told() -> None:
    aside, _clock, dropped = make_aside()
    for payload in (b"0", b"17", b"nonsense"):
        aside.take(make_packet(DROPPED_TOPIC, payload))
    assert dropped == [0, 17]
    assert aside.broker_dropped == 17
