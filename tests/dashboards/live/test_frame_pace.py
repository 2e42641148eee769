"""Frames become rarer while the event loop is late, and come as asked for when it is not."""

import pytest

from dashboards.live import frame_pace
from dashboards.live.frame_pace import (
    LATE_CLIENT_SECONDS,
    LATE_SECONDS,
    MAX_SECONDS,
    MIN_SECONDS,
    FramePace,
    RoundTrips,
)

LATE, IN_TIME = LATE_SECONDS * 2, LATE_SECONDS / 2


def test_a_loop_that_is_in_time_sends_as_often_as_asked_for() -> None:
    pace = FramePace()
    for _ in range(100):
        pace.observe(IN_TIME)
    assert pace.interval == 0.0


def test_a_late_loop_sends_less_often_up_to_a_limit() -> None:
    pace, seen = FramePace(), []
    for _ in range(20):
        pace.observe(LATE)
        seen.append(pace.interval)
    assert seen[0] == MIN_SECONDS
    assert seen == sorted(seen)
    assert seen[-1] == MAX_SECONDS


def test_it_comes_back_slowly_and_wholly() -> None:
    pace = FramePace()
    for _ in range(20):
        pace.observe(LATE)
    pace.observe(IN_TIME)
    assert MAX_SECONDS > pace.interval > MAX_SECONDS * 0.9
    for _ in range(200):
        pace.observe(IN_TIME)
    assert pace.interval == 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(frame_pace.time, "monotonic", lambda: now[0])
    return now


def trip(trips: RoundTrips, clock: list[float], seq: int, seconds: float) -> None:
    trips.sent(seq)
    clock[0] += seconds
    trips.acknowledged(seq)


def test_a_client_far_away_is_not_late(clock: list[float]) -> None:
    trips = RoundTrips()
    for seq in range(1, 20):
        trip(trips, clock, seq, 0.5)
    assert trips.pace.interval == 0.0


def test_a_client_that_answers_later_than_it_can_gets_fewer_frames(clock: list[float]) -> None:
    trips = RoundTrips()
    trip(trips, clock, 1, 0.01)
    trip(trips, clock, 2, 0.02 + LATE_CLIENT_SECONDS)
    assert trips.pace.interval == MIN_SECONDS
    for seq in range(3, 20):
        trip(trips, clock, seq, 0.02 + LATE_CLIENT_SECONDS)
    assert trips.pace.interval == MAX_SECONDS


def test_what_was_acknowledged_with_a_later_frame_is_forgotten(clock: list[float]) -> None:
    trips = RoundTrips()
    for seq in range(1, 5):
        trips.sent(seq)
    trips.acknowledged(3)
    assert list(trips._sent) == [4]
    # Nothing is known of a frame that was acknowledged before.
    trips.acknowledged(2)
    assert trips.pace.interval == 0.0
