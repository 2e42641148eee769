"""From the change log to rollups: a background service of one elected process.

A step consumes changes and notes the 15-minute buckets they touch in `devices_dirty`, in
one transaction with its position in the log; then it sums up pending buckets that have
ended. A step that fails changes nothing: the next one begins with what is committed.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction

from devices.background.services import Pace, Service
from devices.changelog.consumer import POSITION, Consumer
from devices.database_clock import database_micros
from devices.models import Series
from devices.rollups import CONSUMER, levels, pending_buckets
from devices.rollups.levels import HOUR, MINUTE, QUARTER_HOUR, SECOND, Record
from devices.rollups.open_buckets import Bucket, OpenBucket, OpenBuckets
from devices.rollups.partial_aggregate import PartialAggregate
from devices.timings import LEADER_IDLE_SECONDS, LEADER_STATEMENT_SECONDS

# Buckets are closed so long after their end, for readings that are on their way.
GRACE = 5 * SECOND
# What a step takes on at most: changes of each writer, quarters to sum up, to backfill.
CHANGES, CLOSED, BACKFILL = 256, 400, 2_000
BACKFILL_SERIES = 50
# Series of a quarter that are known to be marked; further ones are marked each time.
MARKED = 2_000
SPAN_BYTES = 200_000
# A span over more quarters is looked into, for those that hold readings.
WIDE = 8
State = dict[str, Any]


class Roller(Service):
    """Makes rollups while it holds the lease."""

    name = CONSUMER
    thread = "rollups"
    # When a bucket has ended, its rollups are made at once.
    pace = Pace(idle=10.0)

    def __init__(self, holder: str, clock: Callable[[], int] | None = None) -> None:
        """Prepare.

        Args:
            holder: the process' name.
            clock: µs since 1970 UTC; the database's own by default.
        """
        # For how long there has been something to sum up without end. Not how old that is: what
        # was imported, or came late, is of long ago, and is nothing to worry about.
        self.behind_s = 0.0
        self._began: float | None = None
        # After how many seconds a quarter can be closed.
        self._due_s = math.inf
        self._clock = clock or database_micros
        self._log = Consumer(self.name, holder)
        self._quarters = OpenBuckets()
        # Series by open quarter that are known to be dirty: they need not be marked again.
        self._marked: dict[int, set[int]] = {}
        # Whether there may be dirty quarters that have ended.
        self._waiting = True
        self._prepared: object = None

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
            raise

    def due_s(self) -> float:
        """Return after how many seconds a bucket can be closed."""
        return self._due_s

    def status(self) -> dict[str, Any]:
        """Return for how long it has been summing up without an end."""
        return {"behind_s": round(self.behind_s, 1)}

    def release(self) -> None:
        """Let another process take over at once."""
        self._log.release()

    def _step(self) -> bool:
        self._connect()
        # What was stored before there were rollups is found series by series.
        took_over = self._log.hold({"until": 0, "backfill": [0, 0]})
        if took_over is None:
            self._due_s = math.inf
            return False
        if took_over:
            self._began = None
            self._quarters = OpenBuckets()
            self._marked, self._waiting = {}, True
        more = self._consume()
        self._quarters.fold()
        closed = self._waiting and self._close()
        # The past waits for the present.
        if not closed:
            more = self._backfill() or more
        return closed or more

    @property
    def _state(self) -> State:
        return self._log.state

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
                # Many short spans are read by the key; a scan would never pay.
                cursor.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
                cursor.execute("SET enable_seqscan = off; SET jit = off")
        self._prepared = connection.connection

    def _commit(self, state: State, buckets: Iterable[Bucket] = ()) -> None:
        with transaction.atomic():
            pending_buckets.mark(sorted(buckets))
            self._log.commit(state)
        self._log.committed(state)

    # --- consuming the change log -------------------------------------------
    def _consume(self) -> bool:
        found = self._log.missed(CHANGES, SPAN_BYTES)
        position = self._log.after(found)
        touched: dict[int, set[int]] = {}
        for change in found:
            for series_id, low, high in change.spans:
                for start in self._touch(series_id, low, high):
                    touched.setdefault(start, set()).add(series_id)
        now = self._clock() - GRACE
        until = max(self._state["until"], QUARTER_HOUR.floor(now))
        self._due_s = max(0.0, (until + QUARTER_HOUR.width - now) / SECOND) + 0.1
        state = {**self._state, POSITION: position, "until": until}
        if state != self._state:
            self._waiting |= self._state["until"] != until or min(touched, default=until) < until
            known = self._marked
            new = {start: pks - known.get(start, set()) for start, pks in touched.items()}
            self._commit(state, ((pk, start) for start, pks in new.items() for pk in pks))
            for start, pks in new.items():
                if len(known.get(start, ())) + len(pks) <= MARKED:
                    known.setdefault(start, set()).update(pks)
            self._marked = {start: pks for start, pks in known.items() if start >= until}
        read = sum(len(change.packed) for change in found)
        return len(found) >= CHANGES or read >= SPAN_BYTES

    def _touch(self, series_id: int, low: int, high: int) -> Iterable[int]:
        """Return the quarters of a touched span; note how far the open ones have come."""
        first, last = QUARTER_HOUR.floor(low), QUARTER_HOUR.floor(high)
        if last - first > WIDE * QUARTER_HOUR.width:
            touched: Iterable[int] = _within(series_id, low, high)
        else:
            touched = range(first, last + 1, QUARTER_HOUR.width)
        for start in touched:
            if start < self._state["until"]:
                self._quarters.forget((series_id, start))
            else:
                end = start + QUARTER_HOUR.width - 1
                self._quarters.touch((series_id, start), max(low, start), min(high, end))
        return touched

    def _backfill(self) -> bool:
        """Mark quarters that held readings before there were rollups; return if there are more."""
        at: list[int] | None = self._state["backfill"]
        if at is None:
            return False
        marked: list[Bucket] = []
        for _ in range(BACKFILL_SERIES):
            if at is None or len(marked) >= BACKFILL:
                break
            series_id, start = at
            found = pending_buckets.filled(series_id, start, BACKFILL) if start else []
            marked += [(series_id, bucket) for bucket in found]
            more = len(found) == BACKFILL
            at = [series_id, found[-1] + QUARTER_HOUR.width] if more else _series_after(series_id)
        self._commit({**self._state, "backfill": at}, marked)
        self._waiting = True
        return True

    # --- closed quarters ----------------------------------------------------
    def _close(self) -> bool:
        """Sum up dirty quarters that have ended; return whether there are more."""
        closed = pending_buckets.closed(self._state["until"], CLOSED)
        now = time.monotonic()
        self._waiting = bool(closed)
        if not closed:
            self._began, self.behind_s = None, 0.0
            return False
        self._began = self._began if self._began is not None else now
        self.behind_s = now - self._began
        made = self._quarters.close(_kept(closed))
        with transaction.atomic():
            self._log.lease.commit()
            with connection.cursor() as cursor:
                _write(cursor, made)
            pending_buckets.unmark(closed)
        return len(closed) >= CLOSED


def _kept(buckets: list[Bucket]) -> list[Bucket]:
    """Return the quarters whose readings were not removed: the others' sums are the last word."""
    oldest = min((start for _pk, start in buckets), default=0)
    thinned = Series.objects.filter(pk__in={pk for pk, _start in buckets}, raw_since__gt=oldest)
    since = dict(thinned.values_list("pk", "raw_since"))
    return [(pk, start) for pk, start in buckets if start >= since.get(pk, 0)]


def _series_after(series_id: int) -> list[int] | None:
    """Return where backfilling goes on after a series; None at the end.

    A start of 1 is the first time that there is; 0 stands for a series that is done.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM devices_series WHERE id > %s ORDER BY id LIMIT 1", [series_id]
        )
        row = cursor.fetchone()
    return None if row is None else [row[0], 1]


def _within(series_id: int, low: int, high: int) -> list[int]:
    """Return the quarters between low and high that hold readings."""
    found: list[int] = []
    start = low
    while True:
        page = pending_buckets.filled(series_id, start, BACKFILL)
        found += [bucket for bucket in page if bucket <= high]
        if len(page) < BACKFILL or page[-1] > high:
            return found
        start = page[-1] + QUARTER_HOUR.width


def _write(cursor: Any, made: dict[Bucket, OpenBucket]) -> None:
    """Store closed quarters, their minutes and the hours they are part of."""
    quarters: list[Record] = []
    minutes: list[Record] = []
    for (pk, start), quarter in made.items():
        dense = quarter.dense_minutes()
        minutes += [levels.record(pk, minute, part) for minute, part in dense]
        if quarter.whole.count:
            quarters.append(levels.record(pk, start, quarter.whole, dense=bool(dense)))
    spans = [(pk, start, start + QUARTER_HOUR.width) for pk, start in made]
    levels.delete(cursor, MINUTE, levels.dense(cursor, spans))
    levels.delete(cursor, QUARTER_HOUR, [s for s in spans if not made[s[:2]].whole.count])
    levels.write(cursor, MINUTE, minutes)
    levels.write(cursor, QUARTER_HOUR, quarters)
    _write_hours(cursor, {(pk, HOUR.floor(start)) for pk, start in made})


def _write_hours(cursor: Any, hours: set[Bucket]) -> None:
    """Join each hour's quarters; those that are dirty still are joined again later."""
    whole = {hour: PartialAggregate() for hour in sorted(hours)}
    spans = [(pk, hour, hour + HOUR.width) for pk, hour in whole]
    for pk, bucket, part in levels.read_spans(cursor, QUARTER_HOUR, spans):
        whole[pk, HOUR.floor(bucket)].join(part)
    levels.delete(cursor, HOUR, [span for span in spans if not whole[span[:2]].count])
    levels.write(
        cursor, HOUR, [levels.record(*at, made) for at, made in whole.items() if made.count]
    )
