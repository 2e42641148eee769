"""Whatever happens in whatever order, the stored alarms are those of a plain list.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import contextlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import OperationalError, connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from devices import corrections, queries
from devices.alarms import editing
from devices.alarms.core.conditions import Changes, Condition, Equals, Missing, Outside, Rate, Stuck
from devices.alarms.core.signals import Signal
from devices.alarms.evaluator import CONSUMER, GRACE_US, SECOND, Evaluator
from devices.alarms.models import Alarm, AlarmEvent, Maintenance, Rule
from devices.alarms.models.alarms import AlarmCounter
from devices.background import leases
from devices.models import Correction, Device
from mqtt_ingest.core.packets import Batch
from tests.devices.alarms.core.test_evaluation import ByTick
from tests.devices.alarms.plant import Undisturbed
from tests.devices.rollups.test_state_machine import empty_tables, failing_at
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

START = ARRIVAL // SECOND
Span = tuple[int, int | None]
# A rule's numbers, and the same for a list of seconds.
KINDS: dict[str, tuple[dict[str, Any], Condition]] = {
    "above": ({"high": 5.0, "hysteresis": 2.0}, Outside(None, 5.0, 2.0)),
    "outside": ({"low": 1.0, "high": 6.0, "hysteresis": 1.0}, Outside(1.0, 6.0, 1.0)),
    "equals": ({"words": "0, 9"}, Equals(frozenset({"0", "9"}))),
    "changes": ({}, Changes(Equals(frozenset()))),
    "rate": ({"window_s": 9, "high": 4.0}, Rate(9, 4.0)),
    "stuck": ({"window_s": 7}, Stuck(7)),
    "missing": ({}, Missing()),
}


@dataclass
class Told:
    """A rule as a plain list has it."""

    kind: str
    for_s: int
    clear_s: int
    again_s: int
    since: int
    # The alarms before, and their spans.
    groups: list[list[Span]] = field(default_factory=list)
    works: list[tuple[int, int]] = field(default_factory=list)

    @property
    def waits(self) -> tuple[int, int]:
        """Return how long a breach must last, and how long it must be over."""
        if self.kind == "missing":
            return self.for_s, 0
        return (0 if self.kind == "changes" else self.for_s), self.clear_s

    @property
    def frozen(self) -> list[Span]:
        """Return the episodes that were known when the rule began."""
        return [span for group in self.groups for span in group]

    def spans(self, points: dict[int, float], until: int) -> list[Span]:
        """Return the episodes up to a second, second by second."""
        condition = KINDS[self.kind][1]
        values: dict[int, Any] = dict(points)
        if self.kind in {"equals", "changes"}:
            values = {ts: f"{value:.0f}" for ts, value in points.items()}
        table = ByTick(condition, values)
        found = list(self.frozen)
        raised, pending = bool(found and found[-1][1] is None), None
        changed = max((t for span in found for t in span if t is not None), default=START - 400)
        waits = self.waits
        for tick in range(max(START - 400, changed), until + 1):
            for signal in table.signals(tick):
                said = signal
                if signal is Signal.BREACH and any(a <= tick < b for a, b in self.works):
                    said = Signal.HOLD
                if said is not (Signal.OK if raised else Signal.BREACH):
                    pending = None
                    continue
                pending = tick if pending is None else pending
                if tick - pending >= waits[raised] and tick >= self.since:
                    found = (
                        [*found[:-1], (found[-1][0], tick)] if raised else [*found, (tick, None)]
                    )
                    raised, pending = not raised, None
        return found

    def alarms(self, points: dict[int, float], until: int) -> list[list[Span]]:
        """Return the episodes of each alarm."""
        spans = self.spans(points, until)
        groups: list[list[Span]] = []
        for group in self.groups:
            groups.append(spans[: len(group)])
            spans = spans[len(group) :]
        for span in spans:
            before = groups[-1][-1][1] if groups else None
            if before is not None and span[0] - before < self.again_s:
                groups[-1].append(span)
            else:
                groups.append([span])
        return groups


class Alarming(RuleBasedStateMachine):
    """A device with a number, a rule, and an evaluator now and then."""

    def __init__(self) -> None:
        super().__init__()
        empty_tables()
        for model in (Alarm, Rule, Maintenance, AlarmCounter):
            model.objects.all().delete()
        Device.objects.filter(key="a").delete()
        self.writer = make_writer()
        self.now = START
        self.stored: dict[int, float] = {}
        self.batches: list[Batch] = []
        self.marks: list[Correction] = []
        self.crashed = 0
        self.evaluator = self.new_evaluator()
        self.rule: Rule | None = None
        self.told: Told | None = None
        self.put([(self.now, 1.0)])
        Device.objects.update(pending=False)
        # It follows the log from here on.
        self.evaluator.step()

    def new_evaluator(self) -> Evaluator:
        return Undisturbed(f"alarms-{self.crashed}", lambda: self.now * SECOND)

    def put(self, points: list[tuple[int, float]]) -> None:
        entries = [
            make_entry(
                json.dumps({"ts": ts * 1_000, "t": value}),
                "devices/a/telemetry",
                received_at=self.now * SECOND,
            )
            for ts, value in points
        ]
        batch = make_batch(*entries)
        self.writer.store(batch)
        self.batches.append(batch)
        for ts, value in points:
            self.stored.setdefault(ts, value)

    @property
    def visible(self) -> dict[int, float]:
        spans = [(mark.since, mark.until) for mark in self.marks]
        return {
            ts: value
            for ts, value in self.stored.items()
            if not any(since <= ts * SECOND <= until for since, until in spans)
        }

    @property
    def series(self) -> int:
        return queries.series_of([Device.objects.get(key="a").pk])[0].pk

    def catch_up(self) -> None:
        while self.evaluator.step():
            pass

    # --- what happens -------------------------------------------------------
    @rule(
        count=st.integers(1, 12),
        every=st.sampled_from([1, 3, 11]),
        value=st.sampled_from([0, 4, 6, 9]),
    )
    def readings_come(self, count: int, every: int, value: int) -> None:
        self.now += 1
        points = [(self.now + n * every, float((value + n // 3 * 4) % 10)) for n in range(count)]
        self.now = points[-1][0]
        self.put(points)

    @rule(count=st.integers(1, 4), ago=st.integers(1, 90), value=st.sampled_from([0, 4, 6, 9]))
    def readings_come_late(self, count: int, ago: int, value: int) -> None:
        at = max(START - 60, self.now - ago)
        self.put([(at + n, float(value)) for n in range(count) if at + n <= self.now])

    @rule(number=st.integers(0, 99))
    def a_batch_comes_again(self, number: int) -> None:
        batch = self.batches[number % len(self.batches)]
        self.writer.store(make_batch(*batch.entries))

    @rule(seconds=st.integers(1, 40))
    def time_goes_by(self, seconds: int) -> None:
        self.now += seconds

    @rule(
        kind=st.sampled_from(sorted(KINDS)),
        for_s=st.sampled_from([0, 2, 9]),
        clear_s=st.sampled_from([0, 3]),
        again_s=st.sampled_from([0, 8, 300]),
    )
    def a_rule_is_made_or_changed(self, kind: str, for_s: int, clear_s: int, again_s: int) -> None:
        for_s = max(3, for_s) if kind == "missing" else for_s
        self.catch_up()
        frozen = [] if self.told is None else self.told.alarms(self.visible, self.seen)
        works = [] if self.told is None else self.told.works
        self.now += 1 + GRACE_US // SECOND
        made = self.rule or Rule(name="a rule", metric="t")
        made.kind, made.for_s, made.clear_s, made.again_s = kind, for_s, clear_s, again_s
        for name in ("low", "high", "hysteresis", "words", "window_s"):
            setattr(made, name, KINDS[kind][0].get(name, getattr(Rule(), name)))
        made.enabled = True
        made.full_clean()
        self.rule = editing.save(made, "a test", self.now * SECOND)
        self.told = Told(kind, for_s, clear_s, again_s, self.now, frozen, works)

    @precondition(lambda self: self.rule is not None and self.rule.enabled)
    @rule()
    def the_rule_is_switched_off(self) -> None:
        assert self.rule
        assert self.told
        self.catch_up()
        frozen = self.told.alarms(self.visible, self.seen)
        self.now += 1
        self.rule.enabled = False
        editing.save(self.rule, "a test", self.now * SECOND)
        self.evaluator.step()
        if frozen and frozen[-1][-1][1] is None:
            frozen[-1][-1] = frozen[-1][-1][0], self.now
        # Nothing happens to it from here on.
        self.told.groups, self.told.since = frozen, 10**12

    @precondition(lambda self: self.told is not None)
    @rule(after=st.integers(0, 9), length=st.integers(1, 60))
    def somebody_works_on_it(self, after: int, length: int) -> None:
        assert self.told
        self.catch_up()
        self.now += 1 + GRACE_US // SECOND
        since = self.now + after
        editing.Maintenance.objects.create(
            device=Device.objects.get(key="a"),
            since=since * SECOND,
            until=(since + length) * SECOND,
            number=editing.numbers.raised(editing.numbers.RULES),
        )
        self.told.works.append((since, since + length))

    @rule(steps=st.integers(1, 3))
    def it_is_looked_at(self, steps: int) -> None:
        for _ in range(steps):
            self.evaluator.step()

    @rule(statement=st.integers(0, 60))
    def a_step_fails(self, statement: int) -> None:
        """The database goes away at one of the step's statements."""
        with (
            connection.execute_wrapper(failing_at(statement)),
            contextlib.suppress(OperationalError),
        ):
            self.evaluator.step()

    @rule()
    def the_evaluator_dies(self) -> None:
        leases.release(CONSUMER, f"alarms-{self.crashed}")
        self.crashed += 1
        self.evaluator = self.new_evaluator()

    @rule(ago=st.integers(0, 90), length=st.integers(0, 20))
    def somebody_marks_a_span(self, ago: int, length: int) -> None:
        since = self.now - ago
        if any(since <= ts <= since + length for ts in self.visible):
            until = (since + length) * SECOND
            made = corrections.correct(self.series, since * SECOND, until, "bad", "a test", None)
            self.marks.append(made)

    @precondition(lambda self: self.marks)
    @rule(number=st.integers(0, 99))
    def somebody_takes_a_mark_back(self, number: int) -> None:
        corrections.undo(self.marks.pop(number % len(self.marks)), None)

    # --- what must hold -----------------------------------------------------
    @property
    def seen(self) -> int:
        """Return up to which second it was looked."""
        return max([self.now - GRACE_US // SECOND, *self.visible])

    @invariant()
    def the_alarms_are_those_of_a_list(self) -> None:
        if self.told is None:
            return
        self.catch_up()
        expected = self.told.alarms(self.visible, self.seen)
        alarms = list(Alarm.objects.filter(withdrawn_at=None).order_by("since"))
        found = [
            [
                (one.since // SECOND, None if one.until is None else one.until // SECOND)
                for one in alarm.episodes.all()
            ]
            for alarm in alarms
        ]
        assert found == expected
        for alarm, group in zip(alarms, found, strict=True):
            until = None if alarm.until is None else alarm.until // SECOND
            assert (alarm.since // SECOND, until, alarm.times) == (
                group[0][0],
                group[-1][1],
                len(group),
            )

    @invariant()
    def each_is_raised_once(self) -> None:
        for alarm in Alarm.objects.all():
            kinds = [event.kind for event in alarm.events.all()]
            assert kinds.count(AlarmEvent.Kind.RAISED) == 1
            assert kinds[0] == AlarmEvent.Kind.RAISED
            ends = {AlarmEvent.Kind.CLEARED, AlarmEvent.Kind.ENDED}
            last = next((kind for kind in reversed(kinds) if kind != "withdrawn"), "")
            if alarm.withdrawn_at is None:
                assert (last in ends) == (alarm.until is not None), kinds


# An example that fails is made smaller for up to five minutes; its error is worth the wait.
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("tables")
def test_the_alarms_are_those_of_a_plain_list() -> None:
    profile = os.environ.get("HYPOTHESIS_PROFILE", "default")
    run_state_machine_as_test(
        Alarming,
        settings=settings(
            max_examples=60 if profile == "default" else 5,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
