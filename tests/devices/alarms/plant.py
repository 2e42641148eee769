"""A device with stored numbers, and rules on it, for tests of alarms."""

import json
from typing import Any

from devices.alarms import editing
from devices.alarms.evaluator import GRACE_US, SECOND, Evaluator
from devices.alarms.models import Alarm, Rule
from devices.models import Device
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

START = ARRIVAL // SECOND


class Undisturbed(Evaluator):
    """An evaluator that packets always came to: outages are looked at by themselves."""

    def _listen(self, now: int) -> None:
        pass


class Press:
    """The device `press`, its metrics, and an evaluator whose clock is the test's."""

    def __init__(self, writer: SlotWriter | None = None) -> None:
        self.now = START
        self.writer = writer or make_writer()
        self.evaluator = Undisturbed("alarms", lambda: self.now * SECOND)
        self.send({START - 600: 1.0})
        Device.objects.filter(key="press").update(pending=False)
        self.look()

    def send(self, points: dict[int, Any], metric: str = "t") -> None:
        """Store points by second."""
        entries = [
            make_entry(
                json.dumps({"ts": ts * 1_000, metric: value}),
                "devices/press/telemetry",
                received_at=self.now * SECOND,
            )
            for ts, value in points.items()
        ]
        self.writer.store(make_batch(*entries))

    def rule(self, **fields: Any) -> Rule:
        """Make a rule that begins now."""
        made = Rule(**{"name": "a rule", "metric": "t", "kind": "above", "high": 5, **fields})
        made.full_clean()
        return editing.save(made, "a test", self.now * SECOND)

    def look(self, seconds: int = 0) -> None:
        """Let time go by, and look until nothing is left to do."""
        self.now += seconds
        while self.evaluator.step():
            pass

    def pass_by(self, seconds: int) -> None:
        """Let time go by as an evaluator sees it that looks all the while."""
        for _ in range(0, seconds, 5):
            self.look(5)

    @property
    def device(self) -> Device:
        return Device.objects.get(key="press")

    @property
    def alarm(self) -> Alarm:
        return Alarm.objects.get()


GRACE = GRACE_US // SECOND
