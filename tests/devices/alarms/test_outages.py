"""Nobody's silence is an alarm while nothing could be heard."""

import json
from typing import Any

import pytest

from devices.alarms import editing, outages
from devices.alarms.evaluator import GRACE_US, SECOND, Evaluator
from devices.alarms.models import Alarm, Rule
from devices.alarms.outages import AWAY_US, OPEN
from devices.models import Device, Offline
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
START = ARRIVAL // SECOND
FOR_S = 60


class Plant:
    """Two devices, one behind a gateway, that are to be heard every minute."""

    def __init__(self) -> None:
        self.now, self.up = START, True
        self.writer = make_writer()
        self.evaluator = Evaluator("alarms", lambda: self.now * SECOND, lambda: self.up)
        self.hear("near", "far", "gateway")
        Device.objects.update(pending=False)
        Device.objects.filter(key="far").update(parent=Device.objects.get(key="gateway"))
        self.wait(0)
        rule = Rule(name="silent", kind="missing", for_s=FOR_S, metric="t")
        rule.full_clean()
        editing.save(rule, "a test", self.now * SECOND)

    def hear(self, *keys: str) -> None:
        entries = [
            make_entry(
                json.dumps({"ts": self.now * 1_000, "t": 1}),
                f"devices/{key}/telemetry",
                received_at=self.now * SECOND,
            )
            for key in keys
        ]
        self.writer.store(make_batch(*entries))

    def wait(self, seconds: int) -> None:
        """Let time go by, looked at every two seconds."""
        until = self.now + seconds
        while True:
            while self.evaluator.step():
                pass
            if self.now >= until:
                return
            self.now += 2

    def on(self) -> set[str]:
        # What moved is looked at again now and then.
        self.evaluator._looked = float("-inf")
        self.wait(0)
        return set(
            Alarm.objects.filter(until=None, withdrawn_at=None).values_list(
                "device__key", flat=True
            )
        )


@pytest.fixture
def plant() -> Plant:
    return Plant()


def test_silence_is_an_alarm(plant: Plant) -> None:
    plant.wait(FOR_S)
    assert plant.on() == set()
    plant.hear("near", "gateway")
    plant.wait(10)
    assert plant.on() == {"far"}
    plant.wait(FOR_S)
    assert plant.on() == {"far", "near", "gateway"}
    plant.hear("near", "far", "gateway")
    assert plant.on() == set()


def test_while_nothing_comes_in_and_as_long_again_nobody_is_silent(plant: Plant) -> None:
    plant.up = False
    plant.wait(3 * FOR_S)
    assert plant.on() == set()
    plant.up = True
    plant.wait(FOR_S - 4)
    assert plant.on() == set()
    plant.hear("near")
    plant.wait(GRACE_US // SECOND + 6)
    assert plant.on() == {"far", "gateway"}


def test_a_gateway_that_is_offline_holds_back_what_is_behind_it(plant: Plant) -> None:
    gateway = Device.objects.get(key="gateway")
    span = Offline.objects.create(device=gateway, since=plant.now * SECOND)
    plant.wait(FOR_S + 10)
    assert plant.on() == {"near", "gateway"}
    span.until = plant.now * SECOND
    span.save()
    plant.wait(FOR_S - 4)
    assert plant.on() == {"near", "gateway"}
    plant.wait(10)
    assert plant.on() == {"near", "gateway", "far"}


def test_who_was_away_itself_begins_to_listen_anew(plant: Plant) -> None:
    plant.now += 5 * FOR_S
    plant.wait(FOR_S - 10)
    assert plant.on() == set()
    plant.wait(20)
    assert plant.on() == {"near", "far", "gateway"}


@pytest.mark.parametrize(
    ("known", "now", "looked", "up", "expected"),
    [
        ([], 100, 98, True, []),
        ([], 100, 98, False, [[100, OPEN]]),
        ([[90, OPEN]], 100, 98, False, [[90, OPEN]]),
        ([[90, OPEN]], 100, 98, True, [[90, 100]]),
        ([], AWAY_US + 100, 50, True, [[50, AWAY_US + 100]]),
        ([], AWAY_US + 100, 0, True, []),
        ([[1, 2]], outages.KEPT_US + 100, outages.KEPT_US + 99, True, []),
    ],
)
def test_outages_as_they_are_seen(
    known: Any, now: int, looked: int, up: bool, expected: Any
) -> None:
    assert outages.seen(known, now, looked, up=up) == expected
