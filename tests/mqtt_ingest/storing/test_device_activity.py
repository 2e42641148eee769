"""When last-seen times are written: seldom, unless a state hangs on it."""

import pytest

from mqtt_ingest.storing import device_activity
from mqtt_ingest.storing.counters import Counts
from mqtt_ingest.storing.device_activity import DeviceActivity

SECOND = 1_000_000


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1_000.0]
    monkeypatch.setattr(device_activity.time, "monotonic", lambda: clock[0])
    return clock


class Dialect:
    """Remembers the devices that were written."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def touch_devices(self, _cursor: object, seen: list[device_activity.Seen]) -> None:
        self.written += [one.pk for one in seen]

    def add_counts(self, *_given: object) -> None:
        pass


def heard(touch: DeviceActivity, pk: int, at: float, limit: int = 300) -> bool:
    """Note a packet of a device; write where it is time. Return whether it was written."""
    touch.add({pk: Counts(packets=1, seen=round((1_000 + at) * SECOND), stale_after_s=limit)})
    dialect = Dialect()
    if touch.is_due:
        touch.write(None, dialect)  # type: ignore[arg-type] # as much of it as is used
    return pk in dialect.written


def test_a_new_device_at_once_and_then_every_ten_seconds(now: list[float]) -> None:
    touch = DeviceActivity(10.0)
    found = []
    for turn in range(13):
        found.append(heard(touch, 1, turn * 2))
        now[0] += 2
    assert [turn for turn, written in enumerate(found) if written] == [0, 5, 10]


def test_a_device_that_comes_back_at_once(now: list[float]) -> None:
    touch = DeviceActivity(10.0)
    assert heard(touch, 1, 0)
    now[0] += 1
    assert heard(touch, 1, 400)


def test_a_device_whose_word_has_changed_at_once(now: list[float]) -> None:
    touch = DeviceActivity(10.0)
    assert heard(touch, 1, 0)
    now[0] += 1
    touch.expect([1])
    assert heard(touch, 1, 1)


def test_a_device_with_a_short_limit_in_time(now: list[float]) -> None:
    touch = DeviceActivity(10.0)
    assert heard(touch, 1, 0, limit=6)
    now[0] += 1
    assert not heard(touch, 1, 1, limit=6)
    now[0] += 1
    assert heard(touch, 1, 2, limit=6)
