"""What people do about alarms, once each."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.access import ALL
from devices.alarms import answering, listing, numbers
from devices.alarms.listing import state_of
from devices.alarms.models import Alarm
from tests.devices.alarms.plant import Press

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def press() -> Press:
    made = Press()
    made.rule(latched=True)
    made.send({made.now + 1: 9})
    made.look(1)
    return made


@pytest.fixture
def anna(press: Press) -> Any:
    return get_user_model().objects.create_user("anna")


def test_an_alarm_is_acknowledged_once(press: Press, anna: Any) -> None:
    before = numbers.newest(numbers.ALARMS)
    assert answering.acknowledge([press.alarm], anna, "on my way") == 1
    assert answering.acknowledge([press.alarm], anna, "me too") == 0
    event = press.alarm.events.last()
    assert (event.kind, event.by, event.note) == ("acknowledged", "anna", "on my way")
    assert state_of(press.alarm) == "acknowledged"
    assert press.alarm.seq > before


def test_what_stays_until_acknowledged_stays(press: Press, anna: Any) -> None:
    press.send({press.now + 1: 1})
    press.look(1)
    assert state_of(press.alarm) == "latched"
    assert listing.on(ALL).count() == 1
    answering.acknowledge([press.alarm], anna)
    assert state_of(press.alarm) == "cleared"
    assert listing.on(ALL).count() == 0


def test_a_shelf_is_for_a_while(press: Press, anna: Any) -> None:
    until = timezone.now() + timedelta(hours=1)
    assert answering.shelve([press.alarm], anna, until, "known") == 1
    assert state_of(press.alarm) == "shelved"
    assert listing.on(ALL).count() == 0
    Alarm.objects.update(shelved_until=timezone.now() - timedelta(seconds=1))
    assert state_of(press.alarm) == "raised"
    answering.shelve([press.alarm], anna, until, "known")
    assert answering.unshelve([press.alarm], anna) == 1
    assert listing.on(ALL).count() == 1


def test_what_cannot_be_is_refused_by_its_field(press: Press, anna: Any) -> None:
    now = timezone.now()
    for until, reason, field in (
        (now - timedelta(seconds=1), "x", "until"),
        (now + timedelta(days=32), "x", "until"),
        (now + timedelta(days=1), " ", "reason"),
        (now + timedelta(days=1), "x" * 1_001, "note"),
    ):
        with pytest.raises(ValidationError) as caught:
            answering.shelve([press.alarm], anna, until, reason)
        assert list(caught.value.message_dict) == [field]
    assert not press.alarm.events.exclude(kind="raised").exists()


def test_what_people_do_and_what_readings_say_go_together(press: Press, anna: Any) -> None:
    answering.acknowledge([press.alarm], anna)
    press.send({press.now + 1: 1, press.now + 2: 9})
    press.look(2)
    assert [event.kind for event in press.alarm.events.all()] == [
        *("raised", "acknowledged", "again"),
    ]
    assert state_of(press.alarm) == "acknowledged"
