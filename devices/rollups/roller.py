"""From the change log to rollups: the work of one elected process.

A step consumes changes and notes the quarters they touch in `devices_dirty`, in one
transaction with its position in the log. Readings that come in order are summed up in
memory while their quarter is open, so that each is read once; what came late, or was
corrected, is read again when its quarter is closed. Whatever is in memory can be lost:
a quarter that is not in memory is read from the readings.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from devices import changes, duties
from devices.health import database_now
from devices.models import Change
from devices.rollups import parts, tables
from devices.rollups.fold import Fold
from devices.rollups.tables import DENSE, HOUR, MINUTE, QUARTER, SECOND, Record

DUTY = "rollups"
# Quarters are closed so long after their end, for readings that are on their way.
GRACE = 5 * SECOND
# What a step takes on at most: changes of each writer, closed quarters, series to backfill.
CHANGES = 200
CLOSED = 400
BACKFILL = 20
# A span over more quarters is looked into, for those that hold readings.
WIDE = 8
# The change log is kept for so long.
KEPT = timedelta(days=1)
PRUNE_SECONDS = 60.0
FOLD_SECONDS = 10.0
_CHUNK = 400
# (series pk, start of the quarter)
Bucket = tuple[int, int]


class Quarter:
    """What is summed up of one quarter, as a whole and by minute where it is dense."""

    def __init__(self) -> None:
        self.whole = Fold()
        self.minutes: list[tuple[int, Fold]] | None = []

    def join(self, minute: int, part: Fold) -> None:
        """Take in what came next within `minute`."""
        self.whole.join(part)
        if self.minutes is None:
            return
        if self.minutes and self.minutes[-1][0] == minute:
            self.minutes[-1][1].join(part)
        elif self._is_dense():
            self.minutes.append((minute, part))
        else:
            self.minutes = None

    def _is_dense(self) -> bool:
        return not self.minutes or self.minutes[-1][1].count >= DENSE

    def dense_minutes(self) -> list[tuple[int, Fold]]:
        """Return the minutes, once the quarter is whole; none where it is not dense."""
        return self.minutes if self.minutes and self._is_dense() else []


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
        self._holder = holder
        self._clock = clock or _database_clock
        self._epoch: int | None = None
        self._state: dict[str, Any] = {}
        self._open: dict[Bucket, Quarter] = {}
        self._came: dict[Bucket, tuple[int, int]] = {}
        self._late: set[Bucket] = set()
        self._marked: set[Bucket] = set()
        self._folded = 0.0
        self._pruned = time.monotonic()
        self._prepared: object = None

    def step(self) -> bool:
        """Do a bounded piece of work; return whether there is more to do at once.

        Raises:
            duties.DutyLost: another process took over; nothing was committed.
        """
        self._connect()
        epoch = duties.acquire(DUTY, self._holder)
        if epoch is None:
            self._epoch = None
            return False
        if epoch != self._epoch:
            self._take_over(epoch)
        until = self._state["until"]
        more = self._consume()
        # Not at each step: the more readings the database sums up at once, the cheaper.
        if self._state["until"] != until or time.monotonic() - self._folded > FOLD_SECONDS:
            self._folded = time.monotonic()
            self._fold_open()
        more = self._close() or more
        self._prune()
        return more

    def release(self) -> None:
        """Let another process take over at once."""
        duties.release(DUTY, self._holder)

    # --- the duty -----------------------------------------------------------
    def _connect(self) -> None:
        connection.ensure_connection()
        if self._prepared is connection.connection:
            return
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '60s'")
                cursor.execute("SET idle_in_transaction_session_timeout = '5s'")
                # Many short spans are read by the key; a scan would never pay.
                cursor.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
                cursor.execute("SET enable_seqscan = off; SET jit = off")
        self._prepared = connection.connection

    def _take_over(self, epoch: int) -> None:
        """Begin where the last holder's commits ended."""
        self._epoch = epoch
        self._open.clear()
        self._came.clear()
        self._late.clear()
        self._marked.clear()
        self._state = duties.state(DUTY)
        if "position" not in self._state:
            # What was stored before there were rollups is found series by series.
            self._state = {"position": writers(), "until": 0, "backfill": 0}
            self._commit([])

    def _commit(self, buckets: Sequence[Bucket]) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                for start in range(0, len(buckets), _CHUNK):
                    _mark(cursor, buckets[start : start + _CHUNK])
            duties.commit(DUTY, self._epoch or 0, self._state)

    # --- consuming the change log -------------------------------------------
    def _consume(self) -> bool:
        position = dict.fromkeys(writers(), 0) | self._state["position"]
        found = changes.since(position, CHANGES)
        touched: set[Bucket] = set()
        for change in found:
            position[change.writer] = change.seq
            for series_id, low, high in change.spans:
                touched.update(self._touch(series_id, low, high))
        until = max(self._state["until"], QUARTER.floor(self._clock() - GRACE))
        more = self._backfill(touched)
        new = sorted(touched - self._marked)
        before = dict(self._state)
        done = self._state["backfill"] is None
        self._state |= {"position": position, "until": until if done else 0}
        if new or self._state != before or more:
            self._commit(new)
        self._marked.update(new)
        return more or len(found) >= CHANGES

    def _touch(self, series_id: int, low: int, high: int) -> Iterable[Bucket]:
        """Return the quarters of a touched span; note how far the open ones have come."""
        first, last = QUARTER.floor(low), QUARTER.floor(high)
        if last - first > WIDE * QUARTER.width:
            touched = _filled(series_id, low, high)
        else:
            touched = [(series_id, at) for at in range(first, last + 1, QUARTER.width)]
        for bucket in touched:
            start = bucket[1]
            if start < self._state["until"]:
                self._open.pop(bucket, None)
                continue
            part = max(low, start), min(high, start + QUARTER.width - 1)
            before = self._came.get(bucket, part)
            self._came[bucket] = (min(before[0], part[0]), max(before[1], part[1]))
        return touched

    def _backfill(self, touched: set[Bucket]) -> bool:
        """Add the quarters of a few series that had readings before there were rollups."""
        after = self._state["backfill"]
        if after is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM devices_series WHERE id > %s ORDER BY id LIMIT %s",
                [after, BACKFILL],
            )
            found = [pk for (pk,) in cursor.fetchall()]
        for pk in found:
            touched.update(_filled(pk, None, None))
        self._state = {**self._state, "backfill": found[-1] if found else None}
        return True

    # --- open quarters ------------------------------------------------------
    def _fold_open(self) -> None:
        """Sum up what came in order; a quarter that something came late for is left to `_close`."""
        came, self._came = self._came, {}
        spans: list[tuple[int, int, int]] = []
        for bucket, (low, high) in came.items():
            series_id, start = bucket
            known = self._open.get(bucket)
            if bucket in self._late:
                continue
            if known is None:
                # There may be more than this change tells, from before we held the duty.
                spans.append((series_id, start, start + QUARTER.width))
            elif low > known.whole.last_ts:
                spans.append((series_id, known.whole.last_ts + 1, high + 1))
            else:
                del self._open[bucket]
                self._late.add(bucket)
        for (series_id, minute), part in parts.read(spans):
            bucket = series_id, QUARTER.floor(minute)
            self._open.setdefault(bucket, Quarter()).join(minute, part)

    # --- closed quarters ----------------------------------------------------
    def _close(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT series_id, bucket FROM devices_dirty WHERE bucket < %s "
                "ORDER BY bucket, series_id LIMIT %s",
                [self._state["until"], CLOSED],
            )
            closed: list[Bucket] = cursor.fetchall()
        ago = self._state["until"] - closed[0][1] - QUARTER.width if closed else 0
        self.behind_s = max(0.0, ago / SECOND)
        if not closed:
            return False
        made = self._summed_up(closed)
        with transaction.atomic():
            duties.commit(DUTY, self._epoch or 0)
            with connection.cursor() as cursor:
                _write(cursor, made)
        self._marked.difference_update(closed)
        self._late.difference_update(closed)
        return len(closed) >= CLOSED

    def _prune(self) -> None:
        """Forget changes after a day; pages that were away for longer read everything anew."""
        if time.monotonic() - self._pruned < PRUNE_SECONDS:
            return
        self._pruned = time.monotonic()
        for writer, seq in self._state["position"].items():
            old = Change.objects.filter(writer=writer, stored_at__lt=Now() - KEPT)
            old.filter(seq__lte=seq).delete()

    def _summed_up(self, closed: Sequence[Bucket]) -> dict[Bucket, Quarter]:
        made = {bucket: self._open.pop(bucket) for bucket in closed if bucket in self._open}
        others = [bucket for bucket in closed if bucket not in made]
        made |= {bucket: Quarter() for bucket in others}
        spans = [(pk, start, start + QUARTER.width) for pk, start in others]
        for (series_id, minute), part in parts.read(spans):
            made[series_id, QUARTER.floor(minute)].join(minute, part)
        return made


def _database_clock() -> int:
    return round(database_now().timestamp() * SECOND)


def writers() -> changes.Cursor:
    """Return the sequence of every writer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, seq FROM devices_writer")
        return dict(cursor.fetchall())


def _mark(cursor: Any, buckets: Sequence[Bucket]) -> None:
    cursor.execute(
        "INSERT INTO devices_dirty (series_id, bucket) VALUES "
        f"{', '.join(['(%s, %s)'] * len(buckets))} ON CONFLICT DO NOTHING",
        [part for bucket in buckets for part in bucket],
    )


def _filled(series_id: int, low: int | None, high: int | None) -> list[Bucket]:
    """Return the quarters that hold readings of a series, within low..high where given."""
    within = "" if low is None else "AND ts >= %s AND ts <= %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT ts / {QUARTER.width} FROM devices_reading "
            f"WHERE series_id = %s {within}",
            [series_id] if low is None else [series_id, low, high],
        )
        return [(series_id, number * QUARTER.width) for (number,) in cursor.fetchall()]


def _write(cursor: Any, made: dict[Bucket, Quarter]) -> None:
    """Store closed quarters, their minutes and the hours they are part of."""
    quarters: list[Record] = []
    minutes: list[Record] = []
    for (pk, start), quarter in made.items():
        dense = quarter.dense_minutes()
        minutes += [tables.record(pk, minute, part) for minute, part in dense]
        if quarter.whole.count:
            quarters.append(tables.record(pk, start, quarter.whole, dense=bool(dense)))
    spans = [(pk, start, start + QUARTER.width) for pk, start in made]
    tables.delete(cursor, MINUTE, tables.dense(cursor, spans))
    tables.delete(cursor, QUARTER, [s for s in spans if not made[s[0], s[1]].whole.count])
    tables.write(cursor, MINUTE, minutes)
    tables.write(cursor, QUARTER, quarters)
    _write_hours(cursor, {(pk, HOUR.floor(start)) for pk, start in made})
    for start in range(0, len(spans), _CHUNK):
        chunk = spans[start : start + _CHUNK]
        cursor.execute(
            "DELETE FROM devices_dirty WHERE (series_id, bucket) IN "
            f"(VALUES {', '.join(['(%s, %s)'] * len(chunk))})",
            [part for pk, bucket, _end in chunk for part in (pk, bucket)],
        )


def _write_hours(cursor: Any, hours: set[Bucket]) -> None:
    """Join each hour's quarters; those that are dirty still are joined again later."""
    whole = {hour: Fold() for hour in sorted(hours)}
    spans = [(pk, hour, hour + HOUR.width) for pk, hour in whole]
    for pk, bucket, part in tables.read_spans(cursor, QUARTER, spans):
        whole[pk, HOUR.floor(bucket)].join(part)
    empty = [span for span in spans if not whole[span[:2]].count]
    tables.delete(cursor, HOUR, empty)
    tables.write(
        cursor, HOUR, [tables.record(*at, made) for at, made in whole.items() if made.count]
    )
