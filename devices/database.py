"""Whether the database can be used at present, and which one it is."""

from django.core.exceptions import ImproperlyConfigured
from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.db.migrations.executor import MigrationExecutor

# PostgreSQL's codes that Django has no OperationalError for: it ended the connection of a
# process that stood still within a transaction; it is a standby that takes no writes.
# https://www.postgresql.org/docs/15/errcodes-appendix.html
_IDLE, _TOO_LONG, _READ_ONLY = "25P03", "25P04", "25006"
AWAY_CODES = frozenset({_IDLE, _TOO_LONG, _READ_ONLY})


def is_away(error: BaseException) -> bool:
    """Return whether `error` says that the database cannot be used now, and may be later."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return getattr(error.__cause__, "sqlstate", None) in AWAY_CODES


def incarnation() -> str:
    """Return a text that changes when a standby takes over, or the server is another one.

    PostgreSQL's system identifier and timeline (its documentation, 26.3.5 "Timelines"): a
    promotion begins a new timeline. "" on SQLite, which has none, and where our user may
    not ask.

    Raises:
        django.db.Error: the database cannot be asked.
    """
    if connection.vendor != "postgresql":
        return ""
    connection.ensure_connection()
    # A connection ends with the server it leads to, so it is asked once.
    asked, known = getattr(connection, "iotbridge_incarnation", (None, ""))
    if asked is not connection.connection:
        known = _ask_incarnation()
        setattr(connection, "iotbridge_incarnation", (connection.connection, known))  # noqa: B010
    return str(known)


def _ask_incarnation() -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier || '.' || "
                "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()"
            )
            return str(cursor.fetchone()[0])
    except ProgrammingError:
        return ""


# PostgreSQL's codes of a table and of a column that are not there.
_NO_TABLE = frozenset({"42P01", "42703"})
MIGRATE = "it lacks tables of this release. Run: python manage.py migrate"


def problem(error: Exception) -> str:
    """Return what an operator can do about a database error; "" where nobody knows."""
    text = str(error).strip().partition("\n")[0]
    lacks = text.startswith(("no such table", "no such column"))
    if lacks or getattr(error.__cause__, "sqlstate", None) in _NO_TABLE:
        return f"{MIGRATE} ({text})"
    return f"the database cannot be used now: {text}" if is_away(error) else ""


def require_tables() -> None:
    """Refuse to start on a database that lacks tables of this release.

    One that is away is waited for later.

    Raises:
        ImproperlyConfigured: says what to run.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        if not is_away(error):
            raise
        return
    finally:
        connection.close()
    if missing:
        raise ImproperlyConfigured(f"the database is there, but {MIGRATE}")
