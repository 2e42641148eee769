"""Batches on PostgreSQL: binary COPY into a temporary table, then INSERT … SELECT."""

import struct
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from mqtt_ingest.core.packets import Row
from mqtt_ingest.stores import partitions
from mqtt_ingest.stores.dialect import Existing, counts_conflict

# https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ts = itemgetter(1)
_TRAILER = struct.pack(">h", -1)
_NUMBER = struct.Struct(">hiqiqidi").pack  # value, no text
_TEXT = struct.Struct(">hiqiqii").pack  # no value, then the text's bytes

_STAGING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS ingest_staging "
    "(series_id bigint, ts bigint, value double precision, text text) ON COMMIT DELETE ROWS"
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
_LATEST = (
    "INSERT INTO devices_latest (series_id, ts, value, text) "
    "SELECT DISTINCT ON (series_id) series_id, ts, value, text FROM ingest_staging "
    "ORDER BY series_id, ts DESC "
    "ON CONFLICT (series_id) DO UPDATE SET ts = excluded.ts, value = excluded.value, "
    "text = excluded.text WHERE excluded.ts > devices_latest.ts"
)
_TOUCH = (
    "UPDATE devices_device d SET last_seen = v.seen, expected_by = v.expected "
    "FROM (SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) "
    "AS v(id, seen, expected) ORDER BY id) v "
    "WHERE d.id = v.id AND (d.last_seen IS NULL OR d.last_seen < v.seen)"
)


class PostgreSQL:
    """The SQL of PostgreSQL 13 and later."""

    now_sql = "clock_timestamp()"
    ahead_sql = "clock_timestamp() + %s * interval '1 second'"
    batch_packets = 2_000
    batch_samples = 10_000

    def __init__(self) -> None:
        self._weeks: set[int] = set()

    def prepare(self, cursor: Any) -> None:
        """Bound how long a frozen worker can hold locks, and make the staging table."""
        cursor.execute("SET idle_in_transaction_session_timeout = '2s'")
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute("SET statement_timeout = '30s'")
        cursor.execute(_STAGING)
        self._weeks.clear()

    def make_room(self, cursor: Any, rows: Sequence[Row]) -> None:
        """Create the weekly partitions that `rows` fall into."""
        if not rows:
            return
        first = partitions.week_start(min(map(_ts, rows)))
        if first == partitions.week_start(max(map(_ts, rows))):
            wanted = {first}
        else:
            wanted = partitions.weeks_of(map(_ts, rows))
        for start in sorted(wanted - self._weeks):
            partitions.create(cursor, start)
            self._weeks.add(start)

    def insert(self, cursor: Any, rows: Sequence[Row]) -> list[Existing]:
        """Insert `rows`; ask which were there only when fewer came in than went out."""
        with cursor.cursor.copy("COPY ingest_staging FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_binary(rows))
        cursor.execute(_INSERT)
        if cursor.rowcount == len(rows):
            return []
        cursor.execute(_EXISTING)
        return [Existing(*row) for row in cursor.fetchall()]

    def upsert_latest(self, cursor: Any, rows: Sequence[Row]) -> None:  # noqa: ARG002 - staged
        """Raise the newest readings from the staging table."""
        cursor.execute(_LATEST)

    def touch_devices(self, cursor: Any, seen: Sequence[tuple[int, Any, Any]]) -> None:
        """Raise last_seen and expected_by in one statement."""
        ids, moments, expected = zip(*seen, strict=True)
        cursor.execute(_TOUCH, [list(ids), list(moments), list(expected)])

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
