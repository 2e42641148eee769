"""Batches on PostgreSQL.

Rows go by binary COPY straight into the table. A batch that meets a key that is there
already goes the long way: COPY into a temporary table, then INSERT … SELECT.

No timeout ends a COPY while the server waits for its client (neither `statement_timeout` nor
`idle_in_transaction_session_timeout`). A process that is frozen in one is ended by whoever
takes its writer over: `evict`.
"""

import struct
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import psycopg

from devices.storage import partitions
from devices.storage.dialect import CADENCE, Existing, Seen, SmallBatch, counts_conflict
from devices.storage.rows import Row
from devices.timestamps import week_start
from devices.timings import WRITER_IDLE_SECONDS

# https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ts = itemgetter(1)
_TRAILER = struct.pack(">h", -1)
_NUMBER = struct.Struct(">hiqiqidi").pack  # value, no text
_TEXT = struct.Struct(">hiqiqii").pack  # no value, then the text's bytes

_STAGING = "".join(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} (series_id bigint, ts bigint, "
    "value double precision, text text) ON COMMIT DELETE ROWS;"
    for table in ("ingest_staging", "ingest_newest")
)
_INSERT = (
    "INSERT INTO devices_reading (series_id, ts, value, text) "
    "SELECT series_id, ts, value, text FROM ingest_staging ON CONFLICT DO NOTHING"
)
# Rows of this transaction carry its id as xmin; the others were there before.
_EXISTING = (
    "SELECT s.series_id, s.ts, "
    "r.value IS DISTINCT FROM s.value OR r.text IS DISTINCT FROM s.text "
    "FROM ingest_staging s JOIN devices_reading r USING (series_id, ts) "
    "WHERE r.xmin <> pg_current_xact_id()::xid"
)
_RAISE = (
    "ON CONFLICT (series_id) DO UPDATE SET ts = excluded.ts, value = excluded.value, "
    "text = excluded.text WHERE excluded.ts > devices_latest.ts"
)
_LATEST = (
    "INSERT INTO devices_latest (series_id, ts, value, text) "
    "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::text[]) "
    f"AS v(series_id, ts, value, text) ORDER BY series_id {_RAISE}"
)
_LATEST_COPIED = (
    "INSERT INTO devices_latest (series_id, ts, value, text) "
    f"SELECT * FROM ingest_newest ORDER BY series_id {_RAISE}"
)
# From so many series on, a COPY costs less than arrays do.
MANY_SERIES = 300
_COPY = "COPY {table} (series_id, ts, value, text) FROM STDIN (FORMAT BINARY)"
# Whoever else sends rows as this writer does not hold it any more.
_EVICT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE application_name = %s AND pid <> pg_backend_pid() "
    "AND state = 'active' AND query LIKE 'COPY devices_reading %%' "
    "AND datname = current_database() AND usename = current_user"
)
# Up to so many rows a batch is committed by one statement: what it costs is round trips.
SMALL_ROWS = 60
# One statement is one transaction. Without the fence (the slot is lost, the registry has
# moved, a row is there already) `fence` is empty and so is everything that reads it; if a
# row appears in between, the division ends the statement.
_SMALL = (
    "WITH given AS MATERIALIZED (SELECT * FROM unnest(%s::bigint[], %s::bigint[], "
    "%s::float8[], %s::text[]) AS v(series_id, ts, value, text)"
    "), fence AS (UPDATE devices_writer SET seq = seq + 1, packets = packets + %s "
    "WHERE name = %s AND epoch = %s AND seq >= %s AND registry = %s AND NOT EXISTS "
    "(SELECT FROM given JOIN devices_reading USING (series_id, ts)) RETURNING name, seq, packets"
    "), staged AS MATERIALIZED (SELECT given.* FROM given, fence"
    "), inserted AS (INSERT INTO devices_reading (series_id, ts, value, text) "
    "SELECT * FROM staged ON CONFLICT DO NOTHING RETURNING 1"
    "), raised AS (INSERT INTO devices_latest (series_id, ts, value, text) "
    "SELECT DISTINCT ON (series_id) series_id, ts, value, text FROM staged "
    f"ORDER BY series_id, ts DESC {_RAISE}"
    "), changed AS (INSERT INTO devices_change (writer, seq, stored_at, touched, oldest) "
    "SELECT name, seq, clock_timestamp(), %s, %s FROM fence"
    "){beside} "
    "SELECT seq, 1 / ((SELECT count(*) FROM inserted) = %s)::int FROM fence"
)
_CADENCE = CADENCE.format(
    least="least",
    most="greatest",
    gap="coalesce(extract(epoch FROM v.seen - d.last_seen), 0)",
    known="coalesce(d.cadence_s, v.stale / 3.0)",
)
_TOUCH = (
    "UPDATE devices_device d SET last_seen = v.seen, "
    f"cadence_s = CASE WHEN v.learns THEN {_CADENCE} ELSE d.cadence_s END, "
    "expected_by = v.seen + interval '1 second' * "
    f"CASE WHEN v.learns THEN greatest(v.stale, 3 * {_CADENCE}) ELSE v.stale END "
    "FROM (SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::float8[], %s::boolean[]) "
    "AS v(id, seen, stale, learns) ORDER BY id) v "
    "WHERE d.id = v.id AND (d.last_seen IS NULL OR d.last_seen < v.seen)"
)


class PostgreSQL:
    """The SQL of PostgreSQL 13 and later."""

    now_sql = "clock_timestamp()"
    ahead_sql = "clock_timestamp() + %s * interval '1 second'"
    batch_packets = 2_000
    batch_samples = 10_000
    touch_seconds = 2.0

    def __init__(self) -> None:
        self._weeks: set[int] = set()
        self._prepared: psycopg.Cursor[Any] | None = None

    def prepare(self, cursor: Any, writer: str) -> None:
        """Bound how long a frozen worker can hold locks, and make the staging tables."""
        cursor.execute("SELECT set_config('application_name', %s, false)", [_client_name(writer)])
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{WRITER_IDLE_SECONDS:g}s'")
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute("SET statement_timeout = '30s'")
        cursor.execute(_STAGING)
        self._weeks.clear()

    def forget(self) -> None:
        """Look again which partitions there are."""
        self._weeks.clear()

    def make_room(self, cursor: Any, rows: Sequence[Row]) -> None:
        """Create the partitions that `rows` fall into."""
        if not rows:
            return
        first = week_start(min(map(_ts, rows)))
        if first == week_start(max(map(_ts, rows))):
            wanted = {first}
        else:
            wanted = partitions.weeks_of(map(_ts, rows))
        if wanted := wanted - self._weeks:
            partitions.cover(cursor, wanted)
            self._weeks |= wanted

    def stage(self, cursor: Any, rows: Sequence[Row]) -> bool:
        """Send `rows` into the table; into the staging table where that cannot take them.

        A key is there already; or a week was dropped, which the fence is about to tell.
        """
        if not rows:
            return True
        packed = _binary(rows)
        # The table before the writer's row, also where the savepoint is rolled back:
        # `devices.retention.parts` takes them in that order.
        cursor.execute("LOCK TABLE ONLY devices_reading IN ROW EXCLUSIVE MODE; SAVEPOINT rows")
        try:
            _copy(cursor, "devices_reading", packed)
        except (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation):
            # Out of the savepoint: what is inserted next carries the transaction's own id.
            cursor.execute("ROLLBACK TO rows; RELEASE rows")
            _copy(cursor, "ingest_staging", packed)
            return False
        cursor.execute("RELEASE rows")
        return True

    def insert(self, cursor: Any, rows: Sequence[Row], *, staged: bool) -> list[Existing]:
        """Insert rows that are not in the table yet; raise newest readings."""
        existing: list[Existing] = []
        if not staged:
            cursor.execute(_INSERT)
            cursor.execute(_EXISTING)
            existing = [Existing(*row) for row in cursor.fetchall()]
        # The last of a series' sorted rows is its newest.
        newest = list({row[0]: row for row in rows}.values())
        if len(newest) < MANY_SERIES:
            cursor.execute(_LATEST, [list(column) for column in zip(*newest, strict=True)])
        else:
            _copy(cursor, "ingest_newest", _binary(newest))
            cursor.execute(_LATEST_COPIED)
        return existing

    def evict(self, cursor: Any, writer: str) -> None:
        """End a COPY that another process, perhaps a frozen one, is in the middle of."""
        cursor.execute(_EVICT, [_client_name(writer)])

    def commit_small(self, cursor: Any, few: SmallBatch) -> int | None:
        """Commit up to `SMALL_ROWS` rows by one statement."""
        if not 0 < len(few.rows) <= SMALL_ROWS:
            return None
        columns = [list(column) for column in zip(*few.rows, strict=True)]
        fence = [few.packets, few.writer, few.epoch, few.least_seq, few.registry]
        beside, values = few.beside or ("", ())
        statement = _SMALL.format(beside=f", beside AS ({beside})" if beside else "")
        given = [*columns, *fence, few.touched, few.oldest, *values, len(few.rows)]
        # Django's cursors put values into the text of a statement, so that it is planned
        # anew each time; planning this one takes longer than running it.
        if self._prepared is None or self._prepared.connection is not cursor.connection:
            self._prepared = psycopg.Cursor(cursor.connection)
        try:
            row = self._prepared.execute(statement, given, prepare=True).fetchone()
        except psycopg.errors.DivisionByZero:
            return None
        return None if row is None else int(row[0])

    def touch_devices(self, cursor: Any, seen: Sequence[Seen]) -> None:
        """Raise last_seen and expected_by in one statement."""
        cursor.execute(_TOUCH, [list(column) for column in zip(*seen, strict=True)])

    def add_counts(
        self,
        cursor: Any,
        sums: Sequence[str],
        lasts: Sequence[str],
        rows: Sequence[tuple[int | None, ...]],
    ) -> None:
        """Add the counts in one statement; devices deleted meanwhile are passed over."""
        columns = (*sums, *lasts)
        arrays = ", ".join(["%s::bigint[]"] * len(columns))
        names = ", ".join(columns)
        cursor.execute(
            f"INSERT INTO devices_devicecounts ({names}) "
            f"SELECT v.* FROM unnest({arrays}) AS v({names}) "
            "JOIN devices_device d ON d.id = v.device_id ORDER BY v.device_id "
            f"{counts_conflict(sums, lasts)}",
            [list(column) for column in zip(*rows, strict=True)],
        )


def _client_name(writer: str) -> str:
    """Return what a writer's connections are called; 63 characters count."""
    return f"iotbridge {writer}"[:63]


def _copy(cursor: Any, table: str, packed: bytes) -> None:
    with cursor.cursor.copy(_COPY.format(table=table)) as copy:
        copy.write(packed)


def _binary(rows: Sequence[Row]) -> bytes:
    parts = [_HEADER]
    for series_id, ts, value, text in rows:
        if text is None and value is not None:
            parts.append(_NUMBER(4, 8, series_id, 8, ts, 8, value, -1))
        else:
            encoded = (text or "").encode()
            parts.append(_TEXT(4, 8, series_id, 8, ts, -1, len(encoded)))
            parts.append(encoded)
    parts.append(_TRAILER)
    return b"".join(parts)
