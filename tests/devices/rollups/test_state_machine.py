"""Whatever happens in whatever order, every query is what a plain list gives.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import contextlib
import json
import os
from dataclasses import replace
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
from devices.background import leases
from devices.models import Correction, Device, RetentionPolicy
from devices.queries import SECOND, SeriesInfo, bulk
from devices.retention.sweeper import Sweeper
from devices.rollups import CONSUMER
from devices.rollups.levels import LEVELS, QUARTER_HOUR, Level, read
from devices.rollups.partial_aggregate import fold
from devices.rollups.roller import GRACE, Roller
from mqtt_ingest.core.packets import Batch
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
START = ARRIVAL // HOUR * HOUR - 24 * HOUR
METRICS = ("t", "mode")
# More statements than anything here makes.
NEVER = 10**6


def empty_tables() -> None:
    tables = [level.table for level in LEVELS]
    tables += ["devices_reading", "devices_latest", "devices_dirty", "devices_duty"]
    with connection.cursor() as cursor:
        for table in [*tables, "devices_change", "devices_writer"]:
            cursor.execute(f"DELETE FROM {table}")


def failing_at(statement: int) -> Any:
    """Return a wrapper under which the database goes away at a statement."""
    left = statement

    def failing(execute: Any, *given: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OperationalError("gone")
        return execute(*given)

    return failing


class History(RuleBasedStateMachine):
    """A device with a number and a text, its batches, and a roller now and then."""

    removed = 0

    def __init__(self) -> None:
        super().__init__()
        empty_tables()
        Device.objects.filter(key="a").delete()
        self.writer = make_writer()
        self.now = START
        self.stored: dict[str, dict[int, Any]] = {metric: {} for metric in METRICS}
        self.batches: list[Batch] = []
        self.marks: list[tuple[str, Correction]] = []
        # What retention removed, as it counted then.
        self.gone: dict[str, dict[int, Any]] = {metric: {} for metric in METRICS}
        self.floors: dict[str, tuple[int, int]] = dict.fromkeys(METRICS, (0, 0))
        self.crashed = 0
        self.roller = self.new_roller()
        self.put([(self.now, 1.0)])

    def new_roller(self) -> Roller:
        return Roller(f"roller-{self.crashed}", lambda: self.now)

    def put(self, points: list[tuple[int, float]]) -> None:
        entries = [
            make_entry(
                json.dumps({"ts": ts / 1e3, "t": value, "mode": f"m{int(value) % 4}"}),
                "devices/a/telemetry",
                received_at=self.now,
            )
            for ts, value in points
        ]
        batch = make_batch(*entries)
        self.writer.store(batch)
        self.batches.append(batch)
        for ts, value in points:
            self.keep("t", ts, value)
            self.keep("mode", ts, f"m{int(value) % 4}")

    def keep(self, metric: str, ts: int, value: Any) -> None:
        if ts >= self.floors[metric][0]:
            self.stored[metric].setdefault(ts, value)

    def visible(self, metric: str) -> dict[int, Any]:
        """Return what counts, by time: what is stored and not marked, and what is summed up."""
        spans = [(mark.since, mark.until) for name, mark in self.marks if name == metric]
        return self.gone[metric] | {
            ts: value
            for ts, value in sorted(self.stored[metric].items())
            if not any(since <= ts <= until for since, until in spans)
        }

    def infos(self) -> dict[str, SeriesInfo]:
        found = queries.series_of([Device.objects.get(key="a").pk])
        return {info.metric: info for info in found}

    # --- what happens -------------------------------------------------------
    @rule(count=st.integers(1, 60), every=st.sampled_from([1, 10, 400]), value=st.integers(-99, 99))
    def readings_come(self, count: int, every: int, value: int) -> None:
        points = [(self.now + n * every * SECOND, float(value + n % 7)) for n in range(count)]
        self.now = points[-1][0] + SECOND
        self.put(points)

    @rule(count=st.integers(1, 5), ago=st.integers(1, 10 * 3_600), value=st.integers(-99, 99))
    def readings_come_late(self, count: int, ago: int, value: int) -> None:
        at = max(START - HOUR, self.now - ago * SECOND)
        self.put([(at + n * 7 * SECOND, float(value)) for n in range(count)])

    @rule(number=st.integers(0, 99))
    def a_batch_comes_again(self, number: int) -> None:
        batch = self.batches[number % len(self.batches)]
        self.writer.store(make_batch(*batch.entries))

    @rule(minutes=st.integers(1, 200))
    def time_goes_by(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(days=st.integers(1, 3))
    def days_go_by(self, days: int) -> None:
        self.now += days * 24 * HOUR

    @rule(steps=st.integers(1, 3))
    def the_roller_works(self, steps: int) -> None:
        for _ in range(steps):
            self.roller.step()

    @rule()
    def the_roller_catches_up(self) -> None:
        while self.roller.step():
            pass
        for level in LEVELS:
            self.check_level(level)

    @rule(statement=st.integers(0, 40))
    def a_step_fails(self, statement: int) -> None:
        """The database goes away at one of the step's statements."""
        with (
            connection.execute_wrapper(failing_at(statement)),
            contextlib.suppress(OperationalError),
        ):
            self.roller.step()

    @rule()
    def the_roller_dies(self) -> None:
        leases.release(CONSUMER, f"roller-{self.crashed}")
        self.crashed += 1
        self.roller = self.new_roller()

    @rule(
        metric=st.sampled_from(METRICS), ago=st.integers(0, 5 * 3_600), length=st.integers(0, 9_000)
    )
    def somebody_marks_a_span(self, metric: str, ago: int, length: int) -> None:
        since = self.now - ago * SECOND
        until = since + length * SECOND
        kept = self.floors[metric][0]
        marked = sum(since <= ts <= until for ts in self.visible(metric) if ts >= kept)
        pk = self.infos()[metric].pk
        assert since < kept or corrections.preview(pk, since, until).count == marked
        if marked and since >= kept:
            made = corrections.correct(pk, since, until, "bad", "a test", None)
            self.marks.append((metric, made))
        else:
            with pytest.raises(corrections.CannotCorrect):
                corrections.correct(pk, since, until, "bad", "a test", None)

    @precondition(lambda self: self.marks)
    @rule(number=st.integers(0, 99))
    def somebody_takes_a_mark_back(self, number: int) -> None:
        _metric, mark = self.marks.pop(number % len(self.marks))
        corrections.undo(mark, None)

    @rule(
        days=st.integers(1, 3),
        more=st.integers(0, 2),
        statement=st.just(NEVER) | st.integers(0, 60),
        summed_up=st.booleans(),
    )
    def what_is_old_goes(self, days: int, more: int, statement: int, *, summed_up: bool) -> None:
        """A pass of retention, which may break off at one of its statements."""
        if summed_up:
            # The last day of a series stays, so something must come after what is to go.
            self.now += (days + 1) * 24 * HOUR
            self.put([(self.now, 1.0)])
            while self.roller.step():
                pass
        RetentionPolicy.objects.all().delete()
        keep = {"raw_days": days, "minutes_days": days, "quarters_days": days + more}
        RetentionPolicy.objects.create(**keep, hours_days=0, least_days=1)
        sweeper = Sweeper("sweeper", lambda: self.now)
        with (
            connection.execute_wrapper(failing_at(statement)),
            contextlib.suppress(OperationalError),
        ):
            while sweeper.step():
                pass
        for metric, info in self.infos().items():
            counted = self.visible(metric)
            self.floors[metric] = info.raw_since, info.quarters_since
            self.gone[metric] = {ts: v for ts, v in counted.items() if ts < info.raw_since}
            for ts in [ts for ts in self.stored[metric] if ts < info.raw_since]:
                del self.stored[metric][ts]
            History.removed += len(self.gone[metric])

    # --- what must hold -----------------------------------------------------
    @rule(
        metric=st.sampled_from(METRICS),
        ago=st.integers(0, 30 * 3_600),
        length=st.integers(1, 40 * 3_600),
        points=st.sampled_from([2, 10, 30, 200]),
    )
    def a_window_is_what_the_list_gives(
        self, metric: str, ago: int, length: int, points: int
    ) -> None:
        start = self.now - ago * SECOND
        self.check(metric, start, start + length * SECOND, points)

    @invariant()
    def all_of_it_is_what_the_list_gives(self) -> None:
        for metric in METRICS:
            self.check(metric, START - HOUR, self.now + HOUR, 10)
            info = self.infos()[metric]
            newest = list(self.visible(metric).items())[-1:]
            assert list(queries.latest([info]).values()) == newest

    def check(self, metric: str, start: int, end: int, points: int) -> None:
        info = self.infos()[metric]
        inside = [(ts, v) for ts, v in self.visible(metric).items() if start <= ts <= end]
        with queries.read_snapshot():
            width = bulk.bin_width([info], start, end, points)
            found = queries.window(info, start, end, points, width)
        least = info.least_width(start)
        assert width >= least
        if not least and len(inside) <= points:
            assert list(zip(found.ts, found.value, strict=True)) == inside
            return
        expected = self.binned(metric, start, end, width)
        assert found.ts == list(expected)
        assert found.value == [values[-1] for values in expected.values()]
        if metric == "t":
            assert found.low == [min(values) for values in expected.values()]
            assert found.high == [max(values) for values in expected.values()]

    def check_level(self, level: Level) -> None:
        """Compare every closed bucket with the sum of its readings, all columns of it."""
        until = QUARTER_HOUR.floor(self.now - GRACE)
        for metric, info in self.infos().items():
            with connection.cursor() as cursor:
                rows = read(cursor, level, info.pk, 0, until - level.width + 1)
            for bucket, found in rows:
                expected = fold(
                    (ts, None, v) if isinstance(v, str) else (ts, v, None)
                    for ts, v in self.visible(metric).items()
                    if bucket <= ts < bucket + level.width
                )
                assert found.rise == pytest.approx(expected.rise)
                assert found.area == pytest.approx(expected.area)
                assert replace(found, rise=0, area=0) == replace(expected, rise=0, area=0)

    def binned(self, metric: str, start: int, end: int, width: int) -> dict[int, list[Any]]:
        """Return the values of each whole bin that the span touches."""
        low, high = start // width * width, end // width * width + width
        found: dict[int, list[Any]] = {}
        for ts, value in self.visible(metric).items():
            if low <= ts < high:
                found.setdefault(ts // width * width, []).append(value)
        return found


# An example that fails is made smaller for up to five minutes; its error is worth the wait.
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("tables")
def test_every_query_is_what_a_plain_list_gives() -> None:
    profile = os.environ.get("HYPOTHESIS_PROFILE", "default")
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=60 if profile == "default" else 5,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # A few examples may not come to it.
    assert History.removed or profile == "fast"


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("metric", METRICS)
def test_sums_tell_the_newest_value_where_all_that_is_kept_is_marked(metric: str) -> None:
    history = History()
    history.what_is_old_goes(days=1, more=0, statement=NEVER, summed_up=True)
    history.somebody_marks_a_span(ago=0, length=0, metric=metric)
    history.all_of_it_is_what_the_list_gives()
    assert history.gone[metric]
