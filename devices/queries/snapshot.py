"""Reading within one snapshot of the database, for a bounded time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from django.db import OperationalError, connection, transaction

from devices.changelog import changes
from devices.changelog.changes import Cursor
from devices.queries import budget
from devices.queries.budget import QueryTooLong
from devices.queries.cancellation import stoppable
from devices.rollups.coverage import Exact, exact

# No statement of a read takes longer.
READ_SECONDS = 10
_snapshot = local()


@contextmanager
def read_snapshot() -> Iterator[Cursor]:
    """Read within one snapshot of the database; yields the cursor that goes with it.

    REPEATABLE READ on PostgreSQL, a deferred read transaction on SQLite. The
    cursor is the sequence of every writer: rows of later batches are not seen.

    Raises:
        QueryTooLong: a statement took over `READ_SECONDS`, or nobody waits for it any more
            (`devices.queries.cancellation`); the database was told to stop.
    """
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic(), _remembering(), stoppable():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                        f"SET LOCAL statement_timeout = '{READ_SECONDS}s'"
                    )
                yield read_cursor()
            return
        with (
            budget.deadline(READ_SECONDS),
            _remembering(),
            stoppable(),
            connection.cursor() as cursor,
        ):
            cursor.execute("BEGIN DEFERRED")
            try:
                yield read_cursor()
            finally:
                cursor.execute("ROLLBACK")
    except OperationalError as error:
        if budget.was_stopped(error):
            raise QueryTooLong(
                f"reading took over {READ_SECONDS} s; ask for a shorter span, or fewer series"
            ) from error
        raise


def rolled_up() -> Exact:
    """Return what rollups answer for; looked up once within a `read_snapshot`."""
    found: Exact | None = getattr(_snapshot, "rolled", None)
    if found is None:
        found = exact()
        if getattr(_snapshot, "running", False):
            _snapshot.rolled = found
    return found


@contextmanager
def _remembering() -> Iterator[None]:
    _snapshot.running = True
    try:
        yield
    finally:
        _snapshot.running, _snapshot.rolled = False, None


def read_cursor() -> Cursor:
    """Return the sequence of every writer."""
    return changes.newest()
