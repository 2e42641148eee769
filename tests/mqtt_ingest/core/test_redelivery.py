"""The same arrival time for the same packet, and no time twice."""

from mqtt_ingest.core.redelivery import CAPACITY, ArrivalOrder, ArrivalStamps, digest, pack
from tests.support.factories import ARRIVAL, make_packet


def test_a_redelivered_packet_takes_its_first_time_again() -> None:
    stamps = ArrivalStamps()
    first = make_packet(payload="1", packet_id=7)
    stamps.remember(first)
    again = make_packet(payload="1", packet_id=7, received_at=ARRIVAL + 99, dup=True)
    stamps.restore(again)
    assert again.received_at == ARRIVAL


def test_another_packet_with_the_same_id_does_not() -> None:
    stamps = ArrivalStamps()
    stamps.remember(make_packet(payload="1", packet_id=7))
    for other in (make_packet(payload="2", packet_id=7), make_packet(payload="1", packet_id=8)):
        other.received_at += 5
        stamps.restore(other)
        assert other.received_at == ARRIVAL + 5


def test_stamps_survive_a_restart() -> None:
    packet = make_packet(payload="1", packet_id=7)
    stamps = ArrivalStamps()
    stamps.load(1_000, [(990, pack([packet]))])
    again = make_packet(payload="1", packet_id=7, received_at=ARRIVAL + 99)
    stamps.restore(again)
    assert again.received_at == ARRIVAL


def test_stamps_end_before_packet_ids_come_round() -> None:
    stamps = ArrivalStamps()
    stamps.remember(make_packet(payload="1", packet_id=7))
    for _ in range(CAPACITY):
        stamps.passed()
    again = make_packet(payload="1", packet_id=7, received_at=ARRIVAL + 99)
    stamps.restore(again)
    assert again.received_at == ARRIVAL + 99


def test_memory_is_bounded_and_can_be_cleared() -> None:
    stamps = ArrivalStamps()
    for n in range(CAPACITY + 10):
        stamps.remember(make_packet(payload=str(n), packet_id=n % 65_535))
    assert len(stamps) == CAPACITY
    stamps.clear()
    assert len(stamps) == 0


def test_digests_tell_publishers_apart() -> None:
    assert digest(make_packet(session="a")) != digest(make_packet(session="b"))


def test_a_packet_never_falls_on_times_that_were_used() -> None:
    order = ArrivalOrder()
    order.used(ARRIVAL + 50)
    packet = make_packet()
    order.order(packet)
    assert packet.received_at == ARRIVAL + 51


def test_a_clock_that_was_set_back_is_followed() -> None:
    order = ArrivalOrder()
    order.used(ARRIVAL)
    packet = make_packet(received_at=ARRIVAL - 3_600_000_000)
    order.order(packet)
    assert packet.received_at == ARRIVAL - 3_600_000_000
