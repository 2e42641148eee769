"""The fenced writer: the one way by which readings get into the tables.

Packets, imported files and whatever comes later commit by it. A commit is one transaction:

fence (raise `seq` where `epoch` is still ours) → readings → latest → statuses of devices →
change row → what the caller stores beside → COMMIT

Whoever lost its writer to another process raises no `seq`, and so commits nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from devices.database import incarnation
from devices.storage import change_rows, leases, restored, statuses
from devices.storage.dialect import Beside, Dialect, SmallBatch
from devices.storage.rows import Row, Rows, Run, oldest, touched

Key = tuple[int, int]


class Fenced(Exception):
    """Another process has the writer; nothing was stored."""


class WentBack(Fenced):
    """The database went back: a standby that was behind took over, or a backup was restored."""


class RegistryMoved(Exception):
    """People changed the registry since the caller read it; nothing was stored.

    `args[0]` is the registry's version now.
    """


@dataclass(slots=True)
class Commit:
    """What one transaction writes.

    Args:
        rows: readings, none of them older than what retention keeps of its series.
        registry: the version of the registry that they were made by.
        packets: how many packets they came in.
        statuses: device pk -> (status, µs), what devices said of themselves.
        plain: there is nothing to store beside but what `beside` says.
        beside: a statement for small batches, see `Beside`.
    """

    rows: Rows
    registry: int
    packets: int = 0
    statuses: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    plain: bool = False
    beside: Beside | None = None


@dataclass(slots=True)
class Written:
    """What a commit did.

    Args:
        seq: the writer's sequence of this commit.
        packets: how many packets the writer had taken in after it.
        rows: readings that were not there before, sorted by key.
        runs: where each series' are.
        known: keys that were there before with the same value.
        conflicts: keys that were there before with another one, which stays.
    """

    seq: int
    packets: int
    rows: list[Row]
    runs: list[Run]
    known: set[Key] = field(default_factory=set)
    conflicts: set[Key] = field(default_factory=set)


class FencedWriter:
    """Commits as writer `name`, while it holds the lease. Lives on one thread."""

    def __init__(self, name: str, dialect: Dialect) -> None:
        """Prepare; it does not hold the lease yet."""
        self.name = name
        self.epoch = 0
        self.dialect = dialect
        # Committed by us: if the database knows of less, it went back to an older state.
        self._seq = 0
        self._incarnation = ""
        self._prepared: object = None
        # The registry's version at the last commit: each week that is dropped raises it.
        self._registry: int | None = None

    # --- the lease ----------------------------------------------------------
    def acquire(self, holder: str) -> bool:
        """Lease the writer for process `holder`; False while another one has it."""
        epoch = leases.acquire(self.name, holder, self.dialect)
        self.epoch = epoch or 0
        if epoch is not None:
            with connection.cursor() as cursor:
                self.dialect.evict(cursor, self.name)
        return epoch is not None

    def renew(self) -> None:
        """Prolong the lease.

        Raises:
            Fenced: it was taken over, or the database went back (`WentBack`).
        """
        self.connect()
        if not leases.renew(self.name, self.epoch, self.dialect, self._seq):
            self.look_back("the lease is not there")
            raise Fenced(f"{self.name} was taken over")

    def release(self) -> None:
        """Give the lease back."""
        leases.release(self.name, self.epoch)

    # --- the connection -----------------------------------------------------
    def connect(self) -> bool:
        """Make sure there is a connection, set up for this writer.

        Returns:
            Whether it is a new one. It may lead to another server now: what the caller has
            cached of the registry may be of rows that are not there.

        Raises:
            WentBack: it does, and that server knows less than we do.
        """
        connection.ensure_connection()
        if self._prepared is connection.connection:
            return False
        with connection.wrap_database_errors, connection.cursor() as cursor:
            self.dialect.prepare(cursor, self.name)
        found = incarnation()
        if self._incarnation not in {"", found}:
            self.look_back(f"another server or timeline took over: {found}")
        self._incarnation = found
        self._prepared = connection.connection
        return True

    def look_back(self, seen: str) -> None:
        """Look whether the database went back to an older state; if so, record it.

        Args:
            seen: how it was noticed, for people.

        Raises:
            WentBack: it did.
        """
        told = restored.look(self.name, self.epoch, self._seq, seen)
        if told:
            raise WentBack(f"the database went back to an older state: {told}")

    # --- commits ------------------------------------------------------------
    def commit(
        self, made: Commit, beside: Callable[[Any, Written], object] | None = None
    ) -> Written:
        """Commit `made`, after `connect`.

        Args:
            made: what is written.
            beside: stores something of the caller's in the same transaction.

        Raises:
            Fenced: another process has the writer.
            RegistryMoved: people changed the registry.
            django.db.Error: the database refused it, or cannot be reached.
        """
        if made.registry != self._registry:
            self.dialect.forget()
            self._registry = made.registry
        # COPY and executemany go past Django's cursors: their errors become Django's here.
        with connection.wrap_database_errors, connection.cursor() as cursor:
            self.dialect.make_room(cursor, made.rows.rows)
            written = self._commit_small(cursor, made)
            if written is None:
                with transaction.atomic():
                    written = self._write(cursor, made)
                    if beside is not None:
                        beside(cursor, written)
        self._seq = written.seq
        return written

    def _commit_small(self, cursor: Any, made: Commit) -> Written | None:
        """Commit a small batch of nothing but new rows in one go, where the database can."""
        if not made.plain or made.statuses:
            return None
        rows, runs = made.rows.rows, made.rows.runs
        few = SmallBatch(
            writer=self.name,
            epoch=self.epoch,
            least_seq=self._seq,
            registry=made.registry,
            packets=made.packets,
            rows=rows,
            touched=touched(rows, runs),
            oldest=oldest(rows, runs),
            beside=made.beside,
        )
        seq = self.dialect.commit_small(cursor, few)
        return None if seq is None else Written(seq, 0, rows, runs)

    def _write(self, cursor: Any, made: Commit) -> Written:
        given = made.rows.rows
        self._look_at_registry(cursor, made)
        # Before the fence, so that the writer's row is not locked while rows are sent.
        staged = self.dialect.stage(cursor, given)
        seq, packets = self._fence(cursor, made)
        existing = self.dialect.insert(cursor, given, staged=staged) if given else []
        statuses.write(cursor, made.statuses)
        rows, runs = made.rows.without({(row.series_id, row.ts) for row in existing})
        if runs:
            change_rows.insert(cursor, self.dialect, self.name, seq, rows, runs)
        return Written(
            seq,
            packets,
            rows,
            runs,
            known={(row.series_id, row.ts) for row in existing if not row.conflict},
            conflicts={(row.series_id, row.ts) for row in existing if row.conflict},
        )

    def _look_at_registry(self, cursor: Any, made: Commit) -> None:
        """See that the registry is as `made` was made by, before many rows are sent in vain."""
        cursor.execute("SELECT registry FROM devices_writer WHERE name = %s", [self.name])
        row = cursor.fetchone()
        if row is not None and row[0] != made.registry:
            raise RegistryMoved(row[0])

    def _fence(self, cursor: Any, made: Commit) -> tuple[int, int]:
        """Raise and return (seq, packets taken in), if the writer is still ours."""
        cursor.execute(
            "UPDATE devices_writer SET seq = seq + 1, packets = packets + %s "
            "WHERE name = %s AND epoch = %s AND seq >= %s RETURNING seq, packets, registry",
            [made.packets, self.name, self.epoch, self._seq],
        )
        row = cursor.fetchone()
        if row is None:
            raise Fenced(f"{self.name}: epoch {self.epoch} is over")
        if row[2] != made.registry:
            raise RegistryMoved(row[2])
        return row[0], row[1]
