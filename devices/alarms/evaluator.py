"""From the change log to alarms: a background service of one elected process.

A step looks at what was stored since the last one, on series that a rule is on, and at what is
due by the clock. What comes in order is taken in by the machine in memory; whatever comes late,
was corrected, or is not remembered is made anew from the rows (`core.evaluation.course`). What
follows is stored in one transaction with the position in the log. A step that fails changes
nothing, and one that is done twice neither.
"""

import heapq
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from devices import queries
from devices.alarms import outages, recording, stored_points, watched
from devices.alarms.core.conditions import Point
from devices.alarms.core.evaluation import Course, beginning, course, go_on
from devices.alarms.core.signals import Event, Machine, Transition
from devices.alarms.models import Alarm, AlarmEvent
from devices.alarms.notifying import outbox
from devices.alarms.recording import Known
from devices.alarms.stored_points import StoredPoints
from devices.alarms.watched import Key, Watch, Watched
from devices.background.services import Pace, Service
from devices.changelog.changes import Cursor, Touched
from devices.changelog.consumer import POSITION, Consumer
from devices.database_clock import database_micros
from devices.timestamps import moment
from devices.timings import LEADER_IDLE_SECONDS, LEADER_STATEMENT_SECONDS

CONSUMER = "alarms"
SECOND = 1_000_000
DAY_US = 86_400 * SECOND
# From the first to the last time of a series, µs.
Spanned = tuple[int, int]
# What a step takes on at most: changes of each writer, bytes of spans, things to look at anew.
CHANGES, SPAN_BYTES, ANEW = 256, 600_000, 200
# For what is on its way nothing is raised that time alone would raise.
GRACE_US = 2 * SECOND
# Further back nothing is looked at again.
HORIZON_US = 31 * DAY_US
# How often it is looked whether packets come in.
HEARD_US = 2 * SECOND
# How often it is looked whether devices moved, and the position is stored where nothing happened.
LOOK_SECONDS, POSITION_SECONDS = 30.0, 10.0


@dataclass(slots=True)
class Remembered:
    """What is known of one watched thing, as it was looked at last.

    Args:
        machine: how it stands.
        upto: the time of its newest point, or of its last change, whichever is later: what
            comes after that comes in order.
        newest: the time of the newest point.
        said: what is valid since then.
        value: of the newest point.
    """

    machine: Machine
    upto: int
    newest: int
    said: list[Event]
    value: object


@dataclass(slots=True)
class Outcome:
    """What a look at one watched thing has found."""

    one: Watched
    since: int
    changes: Sequence[Transition]
    known: Known | None
    remembered: Remembered
    due: int | None
    points: Sequence[Point]

    def value_at(self, ts: int) -> object:
        """Return the value that was valid at `ts`."""
        valid = [value for at, value in self.points if at <= ts]
        return valid[-1] if valid else None


class Evaluator(Service):
    """Raises and clears alarms while it holds the lease."""

    name = CONSUMER
    thread = "alarms"
    pace = Pace(idle=0.5, busy=0.7)

    def __init__(
        self,
        holder: str,
        clock: Callable[[], int] | None = None,
        is_up: Callable[[], bool] = outages.is_up,
    ) -> None:
        """Prepare.

        Args:
            holder: the process' name.
            clock: µs since 1970 UTC; the database's own by default.
            is_up: whether packets come in.
        """
        self._is_up = is_up
        self._clock = clock or database_micros
        self._log = Consumer(self.name, holder)
        self._prepared: object = None
        self._forget()

    def _forget(self) -> None:
        self._watch = Watch()
        self._newest_series = -1
        self._looked = self._stored = -math.inf
        self._remembered: dict[Key, Remembered] = {}
        # What has to be looked at anew, from which moment on.
        self._anew: dict[Key, int] = {}
        # When something changes if nothing comes. Of each key one entry waits; where the time has
        # moved on until it comes, it waits again.
        self._due: list[tuple[int, Key]] = []
        self._waits: set[Key] = set()
        self._due_of: dict[Key, int] = {}
        self._passed: Cursor = {}
        # When it was looked whether packets come in.
        self._heard = 0

    def step(self) -> bool:
        """Do a bounded piece of work; return whether there is more to do at once.

        Raises:
            LeaseLost: another process took over; nothing was committed.
            django.db.Error: the database failed; what was not committed is done again.
        """
        try:
            return self._step()
        except BaseException:
            self._log.forget()
            self._forget()
            raise

    def status(self) -> dict[str, Any]:
        """Return how many things are watched."""
        return {"watched": len(self._watch.all), "to look at": len(self._anew)}

    def release(self) -> None:
        """Let another process take over at once."""
        self._log.release()

    def _step(self) -> bool:
        self._connect()
        took_over = self._log.hold({"rules": 0, "outages": [], "looked": 0})
        if took_over is None:
            return False
        if took_over:
            self._forget()
            self._passed = self._log.state[POSITION]
        now = self._clock()
        self._listen(now)
        gone = self._look()
        found = self._log.missed(CHANGES, SPAN_BYTES)
        touched = self._touched(found)
        self._look_at_due(now)
        outcomes = [*self._take(touched, now), *self._look_anew(now)]
        self._commit(self._log.after(found), outcomes, gone, now)
        read = sum(len(change.packed) for change in found)
        return len(found) >= CHANGES or read >= SPAN_BYTES or bool(self._anew)

    def _connect(self) -> None:
        connection.ensure_connection()
        if self._prepared is connection.connection:
            return
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET statement_timeout = '{LEADER_STATEMENT_SECONDS:g}s'")
                cursor.execute(
                    f"SET idle_in_transaction_session_timeout = '{LEADER_IDLE_SECONDS:g}s'"
                )
                cursor.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
                cursor.execute("SET enable_seqscan = off; SET jit = off")
        self._prepared = connection.connection

    # --- what is watched ----------------------------------------------------
    def _listen(self, now: int) -> None:
        """Note whether packets come in, every two seconds or so."""
        if 0 <= now - self._heard < HEARD_US:
            return
        looked = self._heard or self._log.state.get("looked", 0)
        self._heard = now
        known = self._log.state.get("outages", [])
        found = outages.seen(known, now, looked, up=self._is_up())
        self._log.committed({**self._log.state, "outages": found, "looked": now})

    def _look(self) -> list[Alarm]:
        """Read anew what is watched, where that may have changed.

        Returns:
            Alarms that are on, and watched no longer.
        """
        away = outages.spans(self._log.state.get("outages", []))
        state = (watched.state(), queries.newest_series(), away)
        is_old = time.monotonic() - self._looked > LOOK_SECONDS
        if state == self._watch.state and not is_old:
            return []
        before, self._watch = self._watch, watched.load(away)
        self._watch.state = state
        self._looked = time.monotonic()
        for key, one in self._watch.all.items():
            known = before.all.get(key)
            if known is None or known.rule.number != one.rule.number:
                self._look_at(key, self._beginning(one))
            elif known.works != one.works:
                changed = {*known.works} ^ {*one.works}
                self._look_at(key, min(since for since, _until in changed))
            elif (known.inputs, known.asked.condition) != (one.inputs, one.asked.condition):
                self._look_at(key, self._beginning(one))
        for key in before.all.keys() - self._watch.all.keys():
            self._remembered.pop(key, None)
            self._anew.pop(key, None)
            self._due_of.pop(key, None)
        return self._unwatched()

    def _beginning(self, one: Watched) -> int:
        """Return from when on something that is watched newly has to be looked at.

        A rule that no holder has seen yet: from its change on. Another one was looked at up to
        its newest point, for what came after that is in the log.
        """
        if one.rule.number > self._log.state["rules"]:
            return one.rule.since
        newest = StoredPoints(one.inputs).newest()
        return one.rule.since if newest is None else newest

    def _look_at(self, key: Key, since: int) -> None:
        self._anew[key] = min(since, self._anew.get(key, since))

    def _unwatched(self) -> list[Alarm]:
        on = Alarm.objects.filter(is_on=True, until=None)
        return [
            alarm
            for alarm in on
            if (alarm.rule_id, alarm.device_id, alarm.series_id or 0) not in self._watch.all
        ]

    # --- what was stored ----------------------------------------------------
    def _touched(self, found: Iterable[Touched]) -> dict[int, Spanned]:
        """Return the span of each series that something is watched of."""
        touched: dict[int, Spanned] = {}
        watch = self._watch.by_series
        for change in found:
            for series, low, high in change.spans:
                if series in watch:
                    known = touched.get(series)
                    touched[series] = (
                        (low, high) if known is None else (min(low, known[0]), max(high, known[1]))
                    )
        return touched

    def _take(self, touched: dict[int, Spanned], now: int) -> list[Outcome]:
        """Take in what came in order; leave the rest to be looked at anew."""
        lowest: dict[Key, int] = {}
        for series, (low, _high) in touched.items():
            for one in self._watch.by_series[series]:
                lowest[one.key] = min(low, lowest.get(one.key, low))
        in_order: list[Watched] = []
        kinds: dict[int, str] = {}
        for key, low in lowest.items():
            one, known = self._watch.all[key], self._remembered.get(key)
            is_late = known is None or key in self._anew or low <= known.upto
            is_late = is_late or low < one.asked.since
            if is_late or not one.is_simple:
                self._look_at(key, low)
            else:
                in_order.append(one)
                kinds.update(input_ for input_ in one.inputs if input_[0] in touched)
        points = stored_points.read([(series, *touched[series]) for series in kinds], kinds)
        found = [(one, _of(one, points)) for one in in_order]
        return [self._taken(one, these, now) for one, these in found if these]

    def _taken(self, one: Watched, points: Sequence[Point], now: int) -> Outcome:
        known = self._remembered[one.key]
        end = max(now - GRACE_US, points[-1][0])
        events = [*known.said, *one.asked.condition.signals(points)]
        found = go_on(one.asked, replace(known.machine), events, end)
        since = min((at for at, _raised in found.changes), default=0)
        valid = [(known.newest, known.value), *points]
        return Outcome(one, since, found.changes, None, _after(found, valid), found.due, valid)

    # --- what is not remembered ---------------------------------------------
    def _look_at_due(self, now: int) -> None:
        """Note what changes by the clock."""
        while self._due and self._due[0][0] <= now - GRACE_US:
            _at, key = heapq.heappop(self._due)
            self._waits.discard(key)
            due = self._due_of.get(key)
            if due is None or key not in self._remembered:
                continue
            if due > now - GRACE_US:
                self._wait_for(key, due)
            else:
                del self._due_of[key]
                self._look_at(key, self._remembered[key].newest)

    def _look_anew(self, now: int) -> list[Outcome]:
        """Make anew what came late, what is due, and what is not remembered."""
        keys = sorted(self._anew, key=lambda key: -self._anew[key])[:ANEW]
        began = time.monotonic()
        found = []
        for key in keys:
            found.append(self._made_anew(self._watch.all[key], self._anew.pop(key), now))
            if time.monotonic() - began > 1.0:
                break
        return found

    def _made_anew(self, one: Watched, since: int, now: int) -> Outcome:
        stored = StoredPoints(one.inputs, is_whole=one.is_whole)
        since = max(since, now - HORIZON_US)
        if since < now - DAY_US:
            since = max(since, stored.earliest())
        since = beginning(one.asked, since, stored)
        known = recording.known(one, since)
        found = course(one.asked, known.spans, since, now - GRACE_US, stored)
        after = _after(found, found.points)
        return Outcome(one, since, found.changes, known, after, found.due, found.points)

    # --- what follows -------------------------------------------------------
    def _commit(
        self, position: Cursor, outcomes: Sequence[Outcome], gone: Sequence[Alarm], now: int
    ) -> None:
        """Store what follows.

        The position that is stored is one up to which everything was looked at: a successor
        goes on there.
        """
        if not self._anew:
            self._passed = position
        state = {**self._log.state, POSITION: self._passed, "rules": self._rules()}
        is_due = time.monotonic() - self._stored > POSITION_SECONDS
        if gone or is_due or any(map(_may_change, outcomes)):
            at = moment(now)
            with transaction.atomic():
                self._log.commit(state)
                events = [recording.end(alarm, at, now) for alarm in gone]
                for outcome in outcomes:
                    events += _saved(outcome, at)
                outbox.put(AlarmEvent.objects.bulk_create(events))
            self._stored = time.monotonic()
        self._log.committed({**state, POSITION: position})
        for outcome in outcomes:
            self._remember(outcome)

    def _rules(self) -> int:
        """Return the number up to which changes of rules were seen, once all was looked at."""
        known: int = self._log.state["rules"]
        if self._anew:
            return known
        return max([known, *(one.rule.number for one in self._watch.all.values())])

    def _remember(self, outcome: Outcome) -> None:
        key = outcome.one.key
        self._remembered[key] = outcome.remembered
        before = self._due_of.pop(key, None)
        if outcome.due is not None:
            self._due_of[key] = outcome.due
            # One that waits for an earlier moment finds the later one.
            if key not in self._waits or before is None or outcome.due < before:
                self._wait_for(key, outcome.due)

    def _wait_for(self, key: Key, due: int) -> None:
        self._waits.add(key)
        heapq.heappush(self._due, (due, key))


def _of(one: Watched, points: dict[int, list[Point]]) -> list[Point]:
    """Return the points of `one` in order."""
    if not one.is_whole:
        return points.get(one.inputs[0][0], [])
    times = {at for series, _kind in one.inputs for at, _value in points.get(series, ())}
    return [(at, None) for at in sorted(times)]


def _after(found: Course, points: Sequence[Point]) -> Remembered:
    newest, value = points[-1] if points else (0, None)
    upto = max([newest, *(at for at, _raised in found.changes[-1:])])
    return Remembered(found.machine, upto, newest, found.said, value)


def _may_change(outcome: Outcome) -> bool:
    """Return whether something of `outcome` may have to be stored."""
    if outcome.changes:
        return True
    return outcome.known is not None and any(
        until is None or until >= outcome.since or since >= outcome.since
        for since, until in outcome.known.spans
    )


def _saved(outcome: Outcome, at: datetime) -> list[AlarmEvent]:
    if not _may_change(outcome):
        return []
    known = outcome.known
    if known is None:
        known = recording.known(outcome.one, outcome.since)
    return recording.save(outcome.one, known, outcome.since, outcome.changes, at, outcome.value_at)
