"""Who waits for an acknowledgement, and who sends at a pace of its own."""

import pytest

from mqtt_ingest.core import waiting_publishers
from mqtt_ingest.core.waiting_publishers import WaitingPublishers
from tests.support.factories import make_packet

INTERVAL = 20.0


def send(watched: WaitingPublishers, now: float, session: str = "a", *, qos: int = 1) -> bool:
    """Return whether the next commit hurries for a packet at `now`."""
    watched.came(make_packet(session=session, qos=qos), now, INTERVAL)
    hurries = watched._hurry.is_set()
    watched._hurry.clear()
    return hurries


def acknowledge(watched: WaitingPublishers, now: float, session: str = "a") -> None:
    watched.acknowledged([make_packet(session=session)], now)


@pytest.mark.parametrize("jitter", [0.0, 0.05, 0.5])
def test_a_sensor_that_is_due_just_after_a_commit_does_not_wait_for_it(jitter: float) -> None:
    watched, now = WaitingPublishers(), 0.0
    for n in range(20):
        now = 10.0 * n + jitter * (n % 2)
        if n > 2 and n % 2:
            acknowledge(watched, now - 0.1)
        assert not send(watched, now)


def test_a_publisher_of_one_packet_at_a_time_is_not_held_up_however_long_it_lasts() -> None:
    watched, now = WaitingPublishers(), 0.0
    send(watched, now)
    for _n in range(1_000):
        now += 0.02
        acknowledge(watched, now)
        now += 0.03
        assert send(watched, now)


def test_gaps_of_our_own_interval_are_no_pace() -> None:
    watched = WaitingPublishers()
    for n in range(5):
        now = n * INTERVAL
        acknowledge(watched, now - 0.02)
        assert send(watched, now)


def test_a_pace_that_breaks_at_an_acknowledgement_waited_for_it() -> None:
    watched = WaitingPublishers()
    for now in (0.0, 2.0, 4.0):
        send(watched, now)
    acknowledge(watched, 12.0)
    assert send(watched, 12.1)


def test_qos_0_waits_for_nothing() -> None:
    watched = WaitingPublishers()
    acknowledge(watched, 0.0)
    assert not send(watched, 0.1, qos=0)


def test_the_paces_of_the_last_sessions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_publishers, "CAPACITY", 1)
    watched = WaitingPublishers()
    for now in (0.0, 5.0):
        send(watched, now)
    send(watched, 6.0, "b")
    acknowledge(watched, 9.9)
    assert send(watched, 10.0)
