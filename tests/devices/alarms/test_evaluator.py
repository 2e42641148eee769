"""From stored readings to alarms: what is told of them, and which readings are watched."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.alarms import editing
from devices.alarms.evaluator import SECOND
from devices.alarms.listing import state_of
from devices.alarms.models import Alarm
from devices.models import Device, Series, Site, Tag
from tests.devices.alarms.plant import GRACE, Press

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def press() -> Press:
    return Press()


def kinds(alarm: Alarm) -> list[str]:
    return [event.kind for event in alarm.events.all()]


def test_an_alarm_says_what_was_read_and_where(press: Press) -> None:
    site = Site.objects.create(name="Hall", slug="hall")
    Device.objects.update(name="Press 3", site=site)
    press.rule(text="{metric} of {device} in {site} is {value}, not {limit} {other}")
    press.send({press.now + 1: 7.25})
    press.look(1)
    alarm = press.alarm
    assert alarm.text == "t of Press 3 in Hall is 7.25, not 5 {other}"
    assert (alarm.value, alarm.metric, alarm.rule_name) == ("7.25", "t", "a rule")
    assert alarm.since == press.now * SECOND
    assert state_of(alarm) == "raised"


def test_it_is_cleared_behind_its_hysteresis_and_counted_when_it_comes_back(press: Press) -> None:
    press.rule(hysteresis=2, again_s=60)
    for value in (6, 4, 2, 7, 1):
        press.send({press.now + 1: value})
        press.look(1)
    assert (press.alarm.times, kinds(press.alarm)) == (
        2,
        ["raised", "cleared", "again", "cleared"],
    )
    press.send({press.now + 100: 9})
    press.look(100)
    assert Alarm.objects.count() == 2


def test_limits_are_in_their_own_unit(press: Press) -> None:
    Series.objects.update(unit="°C")
    press.rule(high=100, unit="°F")
    press.send({press.now + 1: 37.7})
    press.look(1)
    assert not Alarm.objects.exists()
    press.send({press.now + 1: 37.8})
    press.look(1)
    assert Alarm.objects.count() == 1


def test_a_rule_whose_unit_fits_nothing_watches_nothing(press: Press) -> None:
    Series.objects.update(unit="bar")
    rule = press.rule(unit="°F")
    press.send({press.now + 1: 7})
    press.look(1)
    assert not Alarm.objects.exists()
    assert "°F" in press.evaluator._watch.unfit[rule.pk]


def test_what_was_over_long_before_it_came_is_history(press: Press) -> None:
    press.rule()
    press.look(3_600)
    press.send({press.now - 3_000: 9, press.now - 2_000: 1, press.now: 1})
    press.look(1)
    assert press.alarm.is_history
    assert kinds(press.alarm) == ["raised", "cleared"]


def test_readings_that_say_it_never_was_withdraw_it(press: Press) -> None:
    press.rule(for_s=60)
    press.send({press.now + 1: 9})
    press.look(70)
    assert state_of(press.alarm) == "raised"
    press.send({press.now - 40: 1})
    press.look()
    assert state_of(press.alarm) == "withdrawn"
    assert kinds(press.alarm) == ["raised", "withdrawn"]


def test_two_metrics_are_compared_as_they_stand(press: Press) -> None:
    press.send({press.now: 1.0}, "u")
    press.rule(kind="difference", other_metric="u", high=3)
    press.send({press.now + 1: 5.0})
    press.look(1)
    assert (press.alarm.value, press.alarm.until) == ("5 / 1", None)
    press.send({press.now + 1: 4.0}, "u")
    press.look(1)
    assert press.alarm.until == press.now * SECOND


def test_words_and_changes_of_texts(press: Press) -> None:
    press.rule(name="fault", metric="mode", kind="equals", words="fault, stop", high=None)
    press.rule(name="moved", metric="mode", kind="changes", high=None)
    for mode in ("run", "fault", "run"):
        press.send({press.now + 1: mode}, "mode")
        press.look(1)
    found = {alarm.rule_name: (alarm.times, alarm.until) for alarm in Alarm.objects.all()}
    assert found == {"fault": (1, press.now * SECOND), "moved": (2, press.now * SECOND)}


@pytest.mark.parametrize("metric", ["t", "t*", "*"])
def test_a_pattern_watches_each_metric_by_itself(press: Press, metric: str) -> None:
    press.rule(metric=metric)
    press.send({press.now + 1: 9}, "tt")
    press.send({press.now + 1: 9}, "other")
    press.look(1)
    expected = {"t": 0, "t*": 1, "*": 2}
    assert Alarm.objects.count() == expected[metric]


def test_site_type_tag_and_device_narrow_a_rule(press: Press) -> None:
    above = Site.objects.create(name="Plant", slug="plant")
    hall = Site.objects.create(name="Hall", slug="hall", parent=above)
    press.rule(name="site", site=above)
    press.rule(name="type", device_type="press")
    press.rule(name="tag", tag=(tag := Tag.objects.create(name="hot")))
    press.rule(name="other", device=Device.objects.create(key="other"))
    press.send({press.now + 1: 9})
    press.look(1)
    assert not Alarm.objects.exists()
    Device.objects.filter(key="press").update(site=hall, device_type="press")
    press.device.tags.add(tag)
    # What moved is looked at now and then.
    press.evaluator._looked = float("-inf")
    press.look(1)
    assert set(Alarm.objects.values_list("rule_name", flat=True)) == {"site", "type", "tag"}
    Device.objects.filter(key="press").update(pending=True)
    press.evaluator._looked = float("-inf")
    press.look(1)
    assert {kind for alarm in Alarm.objects.all() for kind in kinds(alarm)} == {"raised", "ended"}


def test_a_device_has_limits_of_its_own(press: Press) -> None:
    rule = press.rule()
    editing.set_limits(rule, press.device, "anna", low=None, high=20, off=False)
    press.look()
    press.send({press.now + 1: 19})
    press.look(1)
    assert not Alarm.objects.exists()
    editing.set_limits(rule, press.device, "anna", low=None, high=None, off=True)
    press.send({press.now + 1: 99})
    press.look(1)
    assert not Alarm.objects.exists()


def test_maintenance_raises_nothing_until_it_ends(press: Press) -> None:
    press.now = editing.database_micros() // SECOND
    press.rule()
    work = editing.begin_work(press.device, (press.now + 600) * SECOND, "oil", "anna")
    press.send({press.now + 1: 9})
    press.look(10)
    assert not Alarm.objects.exists()
    editing.end_work(work)
    press.look(30)
    assert press.alarm.since >= work.since
    assert state_of(press.alarm) == "raised"


def test_a_deleted_rule_ends_its_alarms_and_they_stay(press: Press) -> None:
    rule = press.rule()
    press.send({press.now + 1: 9})
    press.look(1)
    editing.delete(rule)
    press.look(1)
    assert (press.alarm.rule, press.alarm.rule_name) == (None, "a rule")
    assert kinds(press.alarm) == ["raised", "ended"]


def test_a_new_rule_begins_with_what_is_stored(press: Press) -> None:
    press.send({press.now - 300: 9})
    press.look()
    press.rule(name="hot")
    press.rule(name="long", for_s=200)
    press.rule(name="longer", for_s=400)
    press.look(GRACE)
    assert set(Alarm.objects.values_list("rule_name", flat=True)) == {"hot", "long"}
    press.pass_by(110)
    assert Alarm.objects.count() == 3


def test_an_alarm_of_a_schedule_is_raised_when_it_begins(press: Press) -> None:
    # 2025-11-20 23:47 UTC is where the clock of these tests begins.
    press.rule(starts="00:00", ends="06:00")
    press.send({press.now + 1: 9})
    press.look(60)
    assert not Alarm.objects.exists()
    press.look(3_600)
    midnight = press.now // 86_400 * 86_400
    assert press.alarm.since == midnight * SECOND


def test_nothing_is_written_while_nothing_happens(press: Press) -> None:
    press.rule()
    press.look(20)
    for _ in range(3):
        press.send({press.now + 1: 1})
        with CaptureQueriesContext(connection) as done:
            press.look(1)
        writes = [one["sql"] for one in done if not one["sql"].startswith(("SELECT", "WITH"))]
        assert not writes


def test_however_much_comes_one_thing_waits_for_its_moment_once(press: Press) -> None:
    press.rule(kind="missing", for_s=900, high=None)
    press.look()
    for _ in range(50):
        press.send({press.now + 1: 1})
        press.look(1)
    assert len(press.evaluator._due) <= 2
    press.look(899 + GRACE)
    assert not Alarm.objects.exists()
    press.look(2)
    assert state_of(press.alarm) == "raised"
