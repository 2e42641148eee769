"""The writer of one slot: batches of packets, committed by the fenced writer.

What the database refuses is narrowed down to the one packet that it refuses, which becomes
a dead letter:

| what the database says | then |
|---|---|
| nothing | the batch is committed |
| the registry moved | read it again, and the same batch again |
| it refuses the data of a batch | each half by itself |
| it refuses the data of one packet | read the registry again, and the packet again |
| it refuses it still | the packet is kept as a dead letter |
| another process has the slot | `SlotLost`: nothing is acknowledged |
| it cannot be reached | OperationalError: the caller tries again |
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from devices.storage import last_known
from devices.storage import writer as fenced
from devices.storage.dialect import Beside, Dialect
from devices.storage.writer import Commit, Fenced, FencedWriter, RegistryMoved, Written
from mqtt_ingest.core.errors import SlotLost, WentBack
from mqtt_ingest.core.packets import Batch, Entry
from mqtt_ingest.core.redelivery import pack
from mqtt_ingest.storing import (
    arrival_stamps,
    dead_letters,
    described,
    device_activity,
    remembered,
    throttled,
)
from mqtt_ingest.storing.prepare import Prepared, finish, keep_conflicts, prepare, stage
from mqtt_ingest.storing.registry_cache import Registry
from mqtt_ingest.storing.stored import Stored, merge

T = TypeVar("T")
# In place of what was staged: the batch has to be prepared as a whole.
_LATER = object()


@contextmanager
def slot_errors() -> Iterator[None]:
    """Raise what fences a writer as the ingest core knows it."""
    try:
        yield
    except fenced.WentBack as error:
        raise WentBack(str(error)) from error
    except Fenced as error:
        raise SlotLost(str(error)) from error


class SlotWriter:
    """Commits batches as writer `name`. Lives on one thread with its own connection."""

    def __init__(self, name: str, dialect: Dialect, *, replaying: bool = False) -> None:
        """Prepare.

        Args:
            name: of the writer.
            dialect: of the database.
            replaying: packets come from dead letters, and leave no new ones.
        """
        self.name = name
        self.registry = Registry()
        self._writer = FencedWriter(name, dialect)
        self._dialect = dialect
        self._touch = device_activity.DeviceActivity(dialect.touch_seconds)
        self._replaying = replaying

    # --- the lease ----------------------------------------------------------
    @property
    def epoch(self) -> int:
        """Return the epoch of the lease; 0: it is not held."""
        return self._writer.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._writer.epoch = epoch

    def acquire(self, holder: str) -> bool:
        """Lease the slot for process `holder`; False while another one has it."""
        return self._writer.acquire(holder)

    def renew(self) -> None:
        """Prolong the lease.

        Raises:
            SlotLost: the slot was taken over, or the database went back.
        """
        self.connect()
        with slot_errors():
            self._writer.renew()

    def release(self) -> None:
        """Give the slot back."""
        self._writer.release()

    def connect(self) -> None:
        """Make sure there is a connection, set up for this writer."""
        with slot_errors():
            if self._writer.connect():
                self.registry.forget(-1)

    # --- batches ------------------------------------------------------------
    def store(self, batch: Batch) -> Stored:
        """Commit `batch`, isolating a packet that the database refuses.

        Raises:
            SlotLost: the epoch moved on, or the database went back; nothing was stored.
            django.db.OperationalError: the database cannot be reached; nothing was stored.
        """
        started = time.perf_counter()
        with slot_errors():
            try:
                stored = self._isolating(batch)
            except fenced.WentBack:
                raise
            except Fenced:
                self._writer.look_back("the slot is not ours")
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
        return merge(first, self._isolating(_batch(batch.entries[half:])))

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
                return work()
            except RegistryMoved as moved:
                self.registry.catch_up(moved.args[0])

    def _commit(self, batch: Batch) -> Stored:
        added = self.registry.added
        self.connect()
        made = self._prepare(batch)
        try:
            stored = self._commit_made(made, len(batch.entries))
        except RegistryMoved:
            batch.staged = made  # most changes concern no device of this batch
            raise
        stored.added_devices = self.registry.added - added
        for ref, _source, description in made.described:
            ref.note(description.mark)
        self._touch.add(made.tallies)
        self._touch.expect(made.statuses)
        self.flush()
        return stored

    def _commit_made(self, made: Prepared, packets: int) -> Stored:
        stored = Stored(self.name, 0, statuses=dict(made.statuses), refused=made.refused)
        stamps = pack(entry.packet for entry in made.stamped)
        commit = Commit(
            made.rows,
            self.registry.version,
            packets,
            made.statuses,
            plain=not (made.leaves_more or self._replaying),
            beside=Beside(arrival_stamps.BESIDE, [stamps, bool(stamps)]),
        )

        def beside(cursor: Any, written: Written) -> None:
            if written.conflicts:
                keep_conflicts(made, written.conflicts)
            self._write_beside(cursor, made, stored, stamps, written.packets)

        written = self._writer.commit(commit, beside)
        stored.seq, stored.rows, stored.runs = written.seq, written.rows, written.runs
        stored.conflicts, stored.duplicates = len(written.conflicts), len(written.known)
        return stored

    def _write_beside(
        self, cursor: Any, made: Prepared, stored: Stored, stamps: bytes, packets: int
    ) -> None:
        """Store what the packets leave besides readings."""
        if self._replaying:
            stored.dead_letters = len(made.dead)
            return
        if made.dead:
            stored.dead_letters = dead_letters.write(made.dead, self.name)
        if made.throttled:
            throttled.write_throttled(made.throttled)
        if made.described:
            described.write(made.described, self.registry)
        if made.remembered:
            remembered.write(made.remembered)
        if made.known:
            last_known.write(made.known, timezone.now())
        if stamps:
            arrival_stamps.write(cursor, self.name, packets, stamps)

    # --- preparing ----------------------------------------------------------
    def stage(self, batch: Batch, entry: Entry) -> None:
        """Prepare `entry` of a batch that is still filling.

        Called on the event loop's thread, while the writer's own waits for the
        database. Whatever is unknown or has changed is left to `_prepare`.
        """
        staged = batch.staged
        if staged is None:
            staged = batch.staged = Prepared(self.registry.generation, self.registry.turn)
        if not isinstance(staged, Prepared):
            return
        try:
            stage(staged, entry, self.registry)
        except KeyError:
            batch.staged = _LATER

    def _prepare(self, batch: Batch) -> Prepared:
        staged, batch.staged = batch.staged, _LATER
        if isinstance(staged, Prepared) and self._holds(staged):
            finish(staged)
            return staged
        try:
            return prepare(batch, self.registry)
        except KeyError:
            self.registry.learn(batch)
            return prepare(batch, self.registry)

    def _holds(self, staged: Prepared) -> bool:
        given = (staged.generation, staged.turn, staged.tallies)
        return self.registry.still_holds(*given, all_in=not staged.refused)

    # --- what can wait ------------------------------------------------------
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
        arrival_stamps.prune(self.name)


def _as_dead(entry: Entry, detail: str) -> Batch:
    dead = Entry(entry.packet, entry.source, None, "refused_by_database", detail)
    return _batch([dead])


def _batch(entries: list[Entry]) -> Batch:
    batch = Batch()
    for entry in entries:
        batch.add(entry)
    return batch
