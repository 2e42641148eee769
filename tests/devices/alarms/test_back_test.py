"""What a rule would have raised: the same as it raises, however much is left unread."""

import random
from typing import Any

import pytest

from devices import queries
from devices.alarms import back_test as module
from devices.alarms.asking import Unfit
from devices.alarms.back_test import BackTest, back_test
from devices.alarms.evaluator import SECOND
from devices.alarms.models import Alarm, Rule
from devices.models import Series
from tests.devices.alarms.plant import Press

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def press() -> Press:
    return Press()


def tried(press: Press, hours: float, **fields: Any) -> BackTest:
    rule = Rule(**{"name": "x", "metric": "t", "kind": "above", "high": 5, **fields})
    rule.full_clean()
    end = press.now * SECOND
    with queries.read_snapshot():
        return back_test(rule, end - round(hours * 3_600) * SECOND, end)


def walk(press: Press, hours: int, every: int) -> None:
    """Store a walk of numbers about 5, by chance but the same each time."""
    chance, value = random.Random(7), 3.0
    points = {}
    for ts in range(press.now, press.now + hours * 3_600, every):
        value = min(9.0, max(0.0, value + chance.uniform(-2, 2)))
        points[ts] = round(value, 2)
    come(press, points)
    press.now += 1


def come(press: Press, points: dict[int, Any], metric: str = "t") -> None:
    """Have points come as time goes by: what lies ahead of it is not believed."""
    for start in range(0, len(points), 100):
        part = dict(list(points.items())[start : start + 100])
        press.now = max(part)
        press.send(part, metric)


@pytest.mark.parametrize(
    "fields",
    [
        {"hysteresis": 1},
        {"for_s": 900, "again_s": 0},
        {"kind": "outside", "low": 2, "high": 8, "clear_s": 600},
        {"kind": "rate", "window_s": 1_800, "high": 3},
        {"kind": "stuck", "window_s": 900, "hysteresis": 1.0, "high": None},
        {"kind": "missing", "for_s": 299, "high": None},
    ],
)
def test_it_finds_what_the_rule_raises(press: Press, fields: dict[str, Any]) -> None:
    rule = press.rule(**fields)
    press.look()
    began = press.now
    walk(press, 12, 300)
    press.look()
    found = tried(press, (press.now - began) / 3_600, **fields)
    raised = Alarm.objects.order_by("since")
    assert [(one.since, one.times) for one in found.alarms] == [
        (alarm.since, alarm.times) for alarm in raised
    ]
    assert found.alarms
    assert (found.series, found.of, rule.pk) == (1, 1, rule.pk)


def test_hours_that_tell_nothing_new_are_not_read(press: Press) -> None:
    come(press, {press.now + n * 60: 1.0 if n < 600 else 9.0 for n in range(1_200)})
    rule = Rule(name="x", metric="t", kind="above", high=5)
    rule.full_clean()
    end = press.now * SECOND
    with queries.read_snapshot():
        (one,) = module.watched.of_rule(rule)
        condition = one.asked.condition
        assert isinstance(condition, module.Outside)
        hourly = module.Hourly(one, condition, end - 72_000 * SECOND, end)
        hourly.since(end - 72_000 * SECOND)
    # The first hour of each side, and the one where it changes.
    assert hourly.rows <= 4 * 60


def test_it_says_how_long_and_how_many(press: Press) -> None:
    began = press.now
    come(press, {began + 10: 9, began + 20: 1, began + 2_000: 9, began + 3_000: 1})
    found = tried(press, 2)
    assert (len(found.alarms), found.longer_than(600), found.seconds) == (2, 1, 1_010.0)


def test_what_is_too_much_is_asked_of_the_newest(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.send({press.now + n: "on" if n % 2 else "off" for n in range(100)}, "mode")
    press.now += 100
    monkeypatch.setattr(module, "MOST_ROWS", 50)
    found = tried(press, 1, metric="mode", kind="equals", words="on", high=None, again_s=0)
    assert found.since == (press.now - 50) * SECOND
    assert len(found.alarms) == 25


def test_a_unit_that_fits_nothing_is_told(press: Press) -> None:
    Series.objects.update(unit="bar")
    with pytest.raises(Unfit, match="°F"):
        tried(press, 1, unit="°F")
