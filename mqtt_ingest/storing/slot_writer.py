"""The writer of one slot: every batch is one fenced transaction.

Steps, in this order: fence (raise `seq` where `epoch` is still ours) → readings →
latest → statuses and counts → change row → dead letters → arrival stamps → COMMIT.
"""

import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, connection, transaction

from devices.changelog import restored
from devices.database import incarnation
from devices.storage.dialect import Dialect, Few
from mqtt_ingest.core.errors import SlotLost, WentBack
from mqtt_ingest.core.packets import Batch, Entry, Row, Run, Stored
from mqtt_ingest.core.redelivery import CAPACITY, pack
from mqtt_ingest.storing import dead_letters, device_activity, slot_leases, throttled
from mqtt_ingest.storing.prepare import Prepared, finish, keep_conflicts, prepare, stage, without
from mqtt_ingest.storing.registry_cache import Registry

_SPAN = struct.Struct("<qqq").pack
T = TypeVar("T")
# Readings further apart (µs) are spans of their own in the change log.
GAP_US = 900 * 1_000_000
# In place of what was staged: the batch has to be prepared as a whole.
_LATER = object()


class _RegistryMoved(Exception):
    """People changed the registry since it was cached."""


class SlotWriter:
    """Commits batches as writer `name`. Lives on one thread with its own connection."""

    def __init__(
        self, name: str, dialect: Dialect, *, replaying: bool = False, counting: bool = True
    ) -> None:
        """Prepare.

        Args:
            name: of the writer.
            dialect: of the database.
            replaying: packets come from dead letters or files, and leave no new ones.
            counting: devices are counted what they send; not for what they did not send now.
        """
        self.name = name
        self.epoch = 0
        # Committed by us: if the database knows of less, it went back to an older state.
        self._seq = 0
        self._incarnation = ""
        self.registry = Registry()
        self._dialect = dialect
        self._prepared: object = None
        self._touch = device_activity.Touch(dialect.touch_seconds)
        self._replaying = replaying
        self._counting = counting

    def store(self, batch: Batch) -> Stored:
        """Commit `batch`, isolating a packet that the database refuses.

        Raises:
            SlotLost: the epoch moved on, or the database went back; nothing was stored.
            django.db.OperationalError: the database cannot be reached; nothing was stored.
        """
        started = time.perf_counter()
        try:
            stored = self._isolating(batch)
        except SlotLost:
            self._look_back("the slot is not ours")
            raise
        stored.seconds = time.perf_counter() - started
        return stored

    def _isolating(self, batch: Batch) -> Stored:
        try:
            return self._retrying(lambda: self._commit(batch))
        except (DataError, IntegrityError) as error:
            # Somebody may have deleted what the cache holds: look again before blaming a packet.
            self.registry.forget(-1)
            if len(batch.entries) == 1:
                return self._alone(batch, error)
        half = len(batch.entries) // 2
        first = self._isolating(_batch(batch.entries[:half]))
        return _merge(first, self._isolating(_batch(batch.entries[half:])))

    def _alone(self, batch: Batch, error: Exception) -> Stored:
        """Try the one packet once more; what the database still refuses becomes a dead letter."""
        try:
            return self._retrying(lambda: self._commit(batch))
        except (DataError, IntegrityError):
            dead = _as_dead(batch.entries[0], str(error))
            return self._retrying(lambda: self._commit(dead))

    def _retrying(self, work: Callable[[], T]) -> T:
        """Run `work` again as often as the registry moves under it."""
        while True:
            try:
                # COPY and executemany go past Django's cursors: their errors become Django's here.
                with connection.wrap_database_errors:
                    return work()
            except _RegistryMoved as moved:
                self.registry.forget(moved.args[0])
                self._dialect.forget()

    def _commit(self, batch: Batch) -> Stored:
        added = self.registry.added
        self.connect()
        made = self._prepare(batch)
        stored = self._commit_made(made, len(batch.entries))
        self._seq = stored.seq
        stored.added_devices = self.registry.added - added
        if self._counting:
            self._touch.add(made.tallies)
            self._touch.expect(made.statuses)
            self.flush()
        return stored

    def _commit_made(self, made: Prepared, packets: int) -> Stored:
        with connection.cursor() as cursor:
            self._dialect.make_room(cursor, made.rows)
            stored = self._commit_few(cursor, made, packets)
            if stored is None:
                with transaction.atomic():
                    # Before anything is locked: nothing ends a COPY whose client is frozen.
                    self._dialect.stage(cursor, made.rows)
                    seq, place = self._fence(cursor, packets)
                    stored = self._stored(made, seq)
                    self._write(cursor, made, stored, place)
        return stored

    def _stored(self, made: Prepared, seq: int) -> Stored:
        return Stored(self.name, seq, statuses=dict(made.statuses), refused=made.refused)

    def _commit_few(self, cursor: Any, made: Prepared, packets: int) -> Stored | None:
        """Commit a small batch of nothing but new rows in one go, where the database can."""
        if made.dead or made.statuses or made.throttled or self._replaying:
            return None
        stamps = pack(entry.packet for entry in made.stamped)
        few = Few(
            writer=self.name,
            epoch=self.epoch,
            least_seq=self._seq,
            registry=self.registry.version,
            packets=packets,
            rows=made.rows,
            touched=_touched(made.rows, made.runs),
            oldest=_oldest(made.rows, made.runs),
            stamps=stamps,
        )
        seq = self._dialect.commit_few(cursor, few)
        if seq is None:
            return None
        stored = self._stored(made, seq)
        stored.rows, stored.runs = made.rows, made.runs
        return stored

    def stage(self, batch: Batch, entry: Entry) -> None:
        """Prepare `entry` of a batch that is still filling.

        Called on the event loop's thread, while the writer's own waits for the
        database. Whatever is unknown or has changed is left to `_prepare`.
        """
        staged = batch.staged
        if staged is None:
            known = self.registry
            staged = batch.staged = Prepared(known.version, known.generation)
        if not isinstance(staged, Prepared):
            return
        try:
            stage(staged, entry, self.registry)
        except KeyError:
            batch.staged = _LATER

    def _prepare(self, batch: Batch) -> Prepared:
        staged, batch.staged = batch.staged, _LATER
        if isinstance(staged, Prepared) and staged.generation == self.registry.generation:
            finish(staged)
            return staged
        try:
            return prepare(batch, self.registry)
        except KeyError:
            self.registry.learn(batch)
            return prepare(batch, self.registry)

    def connect(self) -> None:
        """Make sure there is a connection, set up for this writer."""
        connection.ensure_connection()
        if self._prepared is connection.connection:
            return
        with connection.wrap_database_errors, connection.cursor() as cursor:
            self._dialect.prepare(cursor)
        # A connection that broke may be one to another server now: what is cached of the
        # registry may be of rows that are not there.
        found = incarnation()
        self.registry.forget(-1)
        if self._incarnation not in {"", found}:
            self._look_back(f"another server or timeline took over: {found}")
        self._incarnation = found
        self._prepared = connection.connection

    def renew(self) -> None:
        """Prolong the lease.

        Raises:
            SlotLost: the slot was taken over, or the database went back.
        """
        self.connect()
        if not slot_leases.renew(self.name, self.epoch, self._dialect, self._seq):
            self._look_back("the lease is not there")
            raise SlotLost(f"{self.name} was taken over")

    def _look_back(self, seen: str) -> None:
        """Look whether the database went back to an older state; if so, note it.

        Raises:
            WentBack: it did.
        """
        told = restored.look(self.name, self.epoch, self._seq, seen)
        if told:
            raise WentBack(f"the database went back to an older state: {told}")

    def _fence(self, cursor: Any, packets: int) -> tuple[int, int]:
        """Raise and return (seq, packets taken in), if the slot is still ours."""
        cursor.execute(
            "UPDATE devices_writer SET seq = seq + 1, packets = packets + %s "
            "WHERE name = %s AND epoch = %s AND seq >= %s RETURNING seq, packets, registry",
            [packets, self.name, self.epoch, self._seq],
        )
        row = cursor.fetchone()
        if row is None:
            raise SlotLost(f"{self.name}: epoch {self.epoch} is over")
        if row[2] != self.registry.version:
            raise _RegistryMoved(row[2])
        return row[0], row[1]

    def _write(self, cursor: Any, made: Prepared, stored: Stored, place: int) -> None:
        existing = self._dialect.insert(cursor, made.rows) if made.rows else []
        conflicts = {(row.series_id, row.ts) for row in existing if row.conflict}
        if conflicts:
            keep_conflicts(made, conflicts)
        device_activity.write_statuses(cursor, made.statuses)
        stored.rows, stored.runs = without(made, {(row.series_id, row.ts) for row in existing})
        stored.conflicts = len(conflicts)
        stored.duplicates = len(existing) - len(conflicts)
        self._write_change(cursor, stored)
        if self._replaying:
            stored.dead_letters = len(made.dead)
            return
        if made.dead:
            stored.dead_letters = dead_letters.write(made.dead, self.name)
        if made.throttled:
            throttled.write_throttled(made.throttled)
        if made.stamped:
            self._write_stamps(cursor, made, place)

    def _write_change(self, cursor: Any, stored: Stored) -> None:
        if stored.runs:
            cursor.execute(
                "INSERT INTO devices_change (writer, seq, stored_at, touched, oldest) "
                f"VALUES (%s, %s, {self._dialect.now_sql}, %s, %s)",
                [
                    *(self.name, stored.seq),
                    *(_touched(stored.rows, stored.runs), _oldest(stored.rows, stored.runs)),
                ],
            )

    def _write_stamps(self, cursor: Any, made: Prepared, place: int) -> None:
        packed = pack(entry.packet for entry in made.stamped)
        cursor.execute(
            "INSERT INTO mqtt_ingest_arrivalstamp (slot, packets, stamps) VALUES (%s, %s, %s)",
            [self.name, place, packed],
        )

    def flush(self) -> None:
        """Write last-seen times and counts, where it is time to."""
        if self._touch.is_due:
            self._flush(device_activity.FLUSH_DEVICES)

    def flush_now(self) -> None:
        """Write all last-seen times and counts that wait."""
        self._flush(None)

    def _flush(self, limit: int | None) -> None:
        self.connect()
        with (
            connection.wrap_database_errors,
            connection.cursor() as cursor,
            transaction.atomic(),
        ):
            self._touch.write(cursor, self._dialect, limit)

    def tidy(self) -> None:
        """Remove arrival stamps that no redelivery can need."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM mqtt_ingest_arrivalstamp WHERE slot = %s AND packets < "
                "(SELECT packets FROM devices_writer WHERE name = %s) - %s",
                [self.name, self.name, CAPACITY],
            )


def _touched(rows: Sequence[Row], runs: Sequence[Run]) -> bytes:
    """Return the spans of `runs` as the change log packs them."""
    return b"".join(
        [
            _SPAN(series_id, rows[start].ts, rows[stop - 1].ts)
            if rows[stop - 1].ts - rows[start].ts < GAP_US
            else _parts(series_id, rows[start:stop])
            for _device, series_id, start, stop in runs
        ]
    )


def _parts(series_id: int, rows: Sequence[Row]) -> bytes:
    """Return spans without gaps: an old reading beside a new one touches nothing in between."""
    spans: list[bytes] = []
    low = high = rows[0].ts
    for row in rows:
        if row.ts - high >= GAP_US:
            spans.append(_SPAN(series_id, low, high))
            low = row.ts
        high = row.ts
    spans.append(_SPAN(series_id, low, high))
    return b"".join(spans)


def _oldest(rows: Sequence[Row], runs: Sequence[Run]) -> int:
    """Return the time of the oldest row; each run is sorted."""
    return min((rows[run.start].ts for run in runs), default=0)


def _as_dead(entry: Entry, detail: str) -> Batch:
    dead = Entry(entry.packet, entry.source, None, "refused_by_database", detail)
    return _batch([dead])


def _batch(entries: list[Entry]) -> Batch:
    batch = Batch()
    for entry in entries:
        batch.add(entry)
    return batch


def _merge(first: Stored, second: Stored) -> Stored:
    """Return two committed halves as one, under the later sequence."""
    shift = len(first.rows)
    first.rows = [*first.rows, *second.rows]
    first.runs = [
        *first.runs,
        *(Run(device, series, a + shift, b + shift) for device, series, a, b in second.runs),
    ]
    first.statuses |= second.statuses
    first.refused += second.refused
    for name in ("added_devices", "duplicates", "conflicts", "dead_letters"):
        setattr(first, name, getattr(first, name) + getattr(second, name))
    first.seq = second.seq
    return first
