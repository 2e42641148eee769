"""The rate limit thins what is stamped near now, and nothing else."""

from mqtt_ingest.core import rate_limit
from mqtt_ingest.core.rate_limit import BURST_SECONDS, Throttle
from tests.support.factories import ARRIVAL, make_entry

SECOND = 1_000_000


def refused(limit: Throttle, count: int, *, every: float = 0.0, payload: str = '{"a": 1}') -> int:
    number = 0
    for n in range(count):
        at = ARRIVAL + round(n * every * SECOND)
        entry = make_entry(payload, received_at=at)
        limit.look(entry)
        number += entry.reason == "throttled"
    return number


def test_a_device_within_its_rate_is_never_thinned() -> None:
    assert refused(Throttle(2), 100, every=0.5) == 0


def test_above_it_only_the_rate_passes_after_a_burst() -> None:
    burst = round(2 * BURST_SECONDS)
    assert refused(Throttle(2), 100) == 100 - burst
    assert refused(Throttle(2), 400, every=0.1) == 400 - burst - int(2 * 39.9)


def test_a_backlog_is_never_thinned() -> None:
    old = f'{{"a": 1, "ts": {(ARRIVAL - 120 * SECOND) // 1_000}}}'
    assert refused(Throttle(1), 500, payload=old) == 0


def test_packets_without_values_cost_nothing() -> None:
    assert refused(Throttle(1), 500, payload="{}") == 0
    assert refused(Throttle(1), 500, payload="nonsense") == 0


def test_devices_do_not_share_their_rate() -> None:
    limit = Throttle(1)
    for n in range(200):
        entry = make_entry('{"a": 1}', f"devices/d{n}/telemetry")
        limit.look(entry)
        assert not entry.reason


def test_the_memory_of_devices_is_bounded(monkeypatch: object) -> None:
    capacity, rate_limit.CAPACITY = rate_limit.CAPACITY, 10
    try:
        limit = Throttle(1)
        for n in range(50):
            limit.look(make_entry('{"a": 1}', f"devices/d{n}/telemetry"))
        assert len(limit._buckets) == 10
    finally:
        rate_limit.CAPACITY = capacity
