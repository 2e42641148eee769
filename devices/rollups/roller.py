"""From the change log to rollups: the work of one elected process.

A step consumes changes and notes the quarters they touch in `devices_dirty`, in one
transaction with its position in the log; then it sums up dirty quarters that have
ended. A step that fails changes nothing: the next one begins with what is committed.
"""

import math
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from devices.background import leases
from devices.changelog import changes
from devices.models import Change, Series
from devices.monitoring.heartbeats import database_micros
from devices.rollups import levels, pending_buckets
from devices.rollups.levels import HOUR, MINUTE, QUARTER, SECOND, Record
from devices.rollups.open_buckets import Bucket, OpenQuarters, Quarter
from devices.rollups.partial_aggregate import Fold

DUTY = "rollups"
# Quarters are closed so long after their end, for readings that are on their way.
GRACE = 5 * SECOND
# What a step takes on at most: changes of each writer, quarters to sum up, to backfill.
CHANGES, CLOSED, BACKFILL = 256, 400, 2_000
BACKFILL_SERIES = 50
# Series of a quarter that are known to be marked; further ones are marked each time.
MARKED = 2_000
SPAN_BYTES = 200_000
# A span over more quarters is looked into, for those that hold readings.
WIDE = 8
# The change log is kept for so long.
KEPT = timedelta(days=1)
# Changes that are looked at in one go.
PRUNED = 5_000
PRUNE_SECONDS = 60.0
RENEW_SECONDS = 5.0
State = dict[str, Any]


class Roller:
    """Makes rollups while it holds the duty. Lives on one thread with its own connection."""

    def __init__(self, holder: str, clock: Callable[[], int] | None = None) -> None:
        """Prepare.

        Args:
            holder: the process' name.
            clock: µs since 1970 UTC; the database's own by default.
        """
        # For how long the oldest quarter has been waiting to be summed up.
        self.behind_s = 0.0
        # After how many seconds a quarter can be closed.
        self.due_s = math.inf
        self._holder = holder
        self._clock = clock or database_micros
        self._epoch: int | None = None
        self._state: State = {}
        self._quarters = OpenQuarters()
        # Series by open quarter that are known to be dirty: they need not be marked again.
        self._marked: dict[int, set[int]] = {}
        # Whether there may be dirty quarters that have ended.
        self._waiting = True
        self._renewed = 0.0
        self._pruned = time.monotonic()
        self._prepared: object = None

    def step(self) -> bool:
        """Do a bounded piece of work; return whether there is more to do at once.

        Raises:
            duties.DutyLost: another process took over; nothing was committed.
            django.db.Error: the database failed; what was not committed is done again.
        """
        try:
            return self._step()
        except BaseException:
            self._epoch = None
            raise

    def release(self) -> None:
        """Let another process take over at once."""
        leases.release(DUTY, self._holder)

    def _step(self) -> bool:
        self._connect()
        epoch = self._leased()
        if epoch is None:
            self._epoch, self.due_s = None, math.inf
            return False
        if epoch != self._epoch:
            self._take_over(epoch)
        more = self._consume(epoch)
        self._quarters.fold()
        closed = self._waiting and self._close(epoch)
        # The past waits for the present.
        if not closed:
            more = self._backfill(epoch) or more
        self._prune()
        return closed or more

    # --- the duty -----------------------------------------------------------
    def _leased(self) -> int | None:
        """Return the epoch, with a lease that lasts; a quiet plant is asked now and then only."""
        now = time.monotonic()
        if self._epoch is not None and now - self._renewed < RENEW_SECONDS:
            return self._epoch
        self._renewed = now
        return leases.acquire(DUTY, self._holder)

    def _connect(self) -> None:
        connection.ensure_connection()
        if self._prepared is connection.connection:
            return
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '12s'")
                cursor.execute("SET idle_in_transaction_session_timeout = '5s'")
                # Many short spans are read by the key; a scan would never pay.
                cursor.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
                cursor.execute("SET enable_seqscan = off; SET jit = off")
        self._prepared = connection.connection

    def _take_over(self, epoch: int) -> None:
        """Begin where the last commits ended."""
        state = leases.state(DUTY)
        if "position" not in state:
            # What was stored before there were rollups is found series by series.
            state = {"position": writers(), "until": 0, "backfill": [0, 0]}
            self._commit(epoch, state)
        self._quarters = OpenQuarters()
        self._marked, self._waiting = {}, True
        self._state, self._epoch = state, epoch

    def _commit(self, epoch: int, state: State, buckets: Iterable[Bucket] = ()) -> None:
        with transaction.atomic():
            pending_buckets.mark(sorted(buckets))
            leases.commit(DUTY, epoch, state)
        self._state = state

    # --- consuming the change log -------------------------------------------
    def _consume(self, epoch: int) -> bool:
        position = dict.fromkeys(writers(), 0) | self._state["position"]
        found = changes.since(position, CHANGES, SPAN_BYTES)
        touched: dict[int, set[int]] = {}
        for change in found:
            position[change.writer] = change.seq
            for series_id, low, high in change.spans:
                for start in self._touch(series_id, low, high):
                    touched.setdefault(start, set()).add(series_id)
        now = self._clock() - GRACE
        until = max(self._state["until"], QUARTER.floor(now))
        self.due_s = max(0.0, (until + QUARTER.width - now) / SECOND) + 0.1
        state = {**self._state, "position": position, "until": until}
        if state != self._state:
            self._waiting |= self._state["until"] != until or min(touched, default=until) < until
            known = self._marked
            new = {start: pks - known.get(start, set()) for start, pks in touched.items()}
            self._commit(epoch, state, ((pk, start) for start, pks in new.items() for pk in pks))
            for start, pks in new.items():
                if len(known.get(start, ())) + len(pks) <= MARKED:
                    known.setdefault(start, set()).update(pks)
            self._marked = {start: pks for start, pks in known.items() if start >= until}
        read = sum(len(change.packed) for change in found)
        return len(found) >= CHANGES or read >= SPAN_BYTES

    def _touch(self, series_id: int, low: int, high: int) -> Iterable[int]:
        """Return the quarters of a touched span; note how far the open ones have come."""
        first, last = QUARTER.floor(low), QUARTER.floor(high)
        if last - first > WIDE * QUARTER.width:
            touched: Iterable[int] = _within(series_id, low, high)
        else:
            touched = range(first, last + 1, QUARTER.width)
        for start in touched:
            if start < self._state["until"]:
                self._quarters.forget((series_id, start))
            else:
                end = start + QUARTER.width - 1
                self._quarters.touch((series_id, start), max(low, start), min(high, end))
        return touched

    def _backfill(self, epoch: int) -> bool:
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
            at = [series_id, found[-1] + QUARTER.width] if more else _series_after(series_id)
        self._commit(epoch, {**self._state, "backfill": at}, marked)
        self._waiting = True
        return True

    # --- closed quarters ----------------------------------------------------
    def _close(self, epoch: int) -> bool:
        """Sum up dirty quarters that have ended; return whether there are more."""
        closed = pending_buckets.closed(self._state["until"], CLOSED)
        ago = self._state["until"] - closed[0][1] - QUARTER.width if closed else 0
        self.behind_s = max(0.0, ago / SECOND)
        self._waiting = bool(closed)
        if not closed:
            return False
        made = self._quarters.close(_kept(closed))
        with transaction.atomic():
            leases.commit(DUTY, epoch)
            with connection.cursor() as cursor:
                _write(cursor, made)
            pending_buckets.unmark(closed)
        return len(closed) >= CLOSED

    def _prune(self) -> None:
        """Forget changes after a day; pages that were away for longer read everything anew."""
        if time.monotonic() - self._pruned < PRUNE_SECONDS:
            return
        self._pruned = time.monotonic()
        for writer, seq in self._state["position"].items():
            while _prune(writer, seq) == PRUNED:
                pass


def _prune(writer: str, upto: int) -> int:
    """Remove the oldest changes of `writer` up to a sequence, some at a time; return how many."""
    mine = Change.objects.filter(writer=writer, seq__lte=upto)
    page = list(mine.order_by("seq").values_list("seq", flat=True)[:PRUNED])
    if not page:
        return 0
    gone, _each = mine.filter(seq__lte=page[-1], stored_at__lt=Now() - KEPT).delete()
    return gone


def writers() -> changes.Cursor:
    """Return the sequence of every writer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, seq FROM devices_writer")
        return dict(cursor.fetchall())


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
        start = page[-1] + QUARTER.width


def _write(cursor: Any, made: dict[Bucket, Quarter]) -> None:
    """Store closed quarters, their minutes and the hours they are part of."""
    quarters: list[Record] = []
    minutes: list[Record] = []
    for (pk, start), quarter in made.items():
        dense = quarter.dense_minutes()
        minutes += [levels.record(pk, minute, part) for minute, part in dense]
        if quarter.whole.count:
            quarters.append(levels.record(pk, start, quarter.whole, dense=bool(dense)))
    spans = [(pk, start, start + QUARTER.width) for pk, start in made]
    levels.delete(cursor, MINUTE, levels.dense(cursor, spans))
    levels.delete(cursor, QUARTER, [s for s in spans if not made[s[:2]].whole.count])
    levels.write(cursor, MINUTE, minutes)
    levels.write(cursor, QUARTER, quarters)
    _write_hours(cursor, {(pk, HOUR.floor(start)) for pk, start in made})


def _write_hours(cursor: Any, hours: set[Bucket]) -> None:
    """Join each hour's quarters; those that are dirty still are joined again later."""
    whole = {hour: Fold() for hour in sorted(hours)}
    spans = [(pk, hour, hour + HOUR.width) for pk, hour in whole]
    for pk, bucket, part in levels.read_spans(cursor, QUARTER, spans):
        whole[pk, HOUR.floor(bucket)].join(part)
    levels.delete(cursor, HOUR, [span for span in spans if not whole[span[:2]].count])
    levels.write(
        cursor, HOUR, [levels.record(*at, made) for at, made in whole.items() if made.count]
    )
