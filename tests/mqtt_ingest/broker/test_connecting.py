"""A broker whose port accepts again is reached within a second."""

from itertools import islice

from devices.timings import REFUSED_SECONDS, UNREACHABLE_SECONDS
from mqtt_ingest.broker.connecting import backoff


def test_tries_are_at_most_a_second_apart_and_spread() -> None:
    delays = list(islice(backoff(), 200))
    assert UNREACHABLE_SECONDS == 1.0
    assert max(delays) <= UNREACHABLE_SECONDS
    # Many workers do not come back at the same moment, nor hammer a port that refuses.
    assert min(delays[5:]) >= UNREACHABLE_SECONDS / 2
    assert len(set(delays[5:])) > 100


def test_a_broker_that_says_no_is_asked_ever_less_often() -> None:
    delays = list(islice(backoff(cap=REFUSED_SECONDS), 20))
    assert max(delays) > 10
    assert max(delays) <= REFUSED_SECONDS
