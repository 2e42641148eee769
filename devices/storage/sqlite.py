"""Batches on SQLite: short IMMEDIATE transactions in WAL mode, synchronous=FULL."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from devices.storage.dialect import CADENCE, Existing, Seen, SmallBatch, counts_conflict
from devices.storage.rows import Row

_INSERT = "INSERT OR IGNORE INTO devices_reading (series_id, ts, value, text) VALUES {rows}"
_LATEST = (
    "INSERT INTO devices_latest (series_id, ts, value, text) VALUES {rows} "
    "ON CONFLICT (series_id) DO UPDATE SET ts = excluded.ts, value = excluded.value, "
    "text = excluded.text WHERE excluded.ts > devices_latest.ts"
)
_CADENCE = CADENCE.format(
    least="min",
    most="max",
    gap="coalesce((julianday(:seen) - julianday(last_seen)) * 86400, 0)",
    known="coalesce(cadence_s, :stale / 3.0)",
)
_TOUCH = (
    "UPDATE devices_device SET last_seen = :seen, "
    f"cadence_s = CASE WHEN :learns THEN {_CADENCE} ELSE cadence_s END, "
    "expected_by = strftime('%Y-%m-%d %H:%M:%f', :seen, "
    f"CASE WHEN :learns THEN max(:stale, 3 * {_CADENCE}) ELSE :stale END || ' seconds') "
    "WHERE id = :pk AND (last_seen IS NULL OR last_seen < :seen)"
)
_CHUNK = 400
# Rows to a statement. sqlite3 gives Python's lock away for each statement, and waits for it:
# with one for each row, a thread that decodes meanwhile is what takes the time.
_SIZES = (256, 64, 16, 4, 1)


class SQLite:
    """The SQL of SQLite 3.35 and later."""

    now_sql = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
    ahead_sql = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %s || ' seconds')"
    # Pages share the one writer lock: a transaction takes about 45 ms at most. A commit writes
    # each page of the file that it touches, so that few large ones cost half as much a packet.
    batch_packets = 2_000
    batch_samples = 8_000
    # Each write of a page wears out an SD card.
    touch_seconds = 10.0

    def prepare(self, cursor: Any, writer: str) -> None:
        """Nothing beyond the pragmas of the settings."""

    def forget(self) -> None:
        """SQLite has no partitions."""

    def make_room(self, cursor: Any, rows: Sequence[Row]) -> None:
        """SQLite has no partitions."""

    def stage(self, _cursor: Any, _rows: Sequence[Row]) -> bool:
        """SQLite takes rows from memory."""
        return False

    def evict(self, cursor: Any, writer: str) -> None:
        """SQLite's locks end with their process, and one that is frozen holds none for long."""

    def insert(self, cursor: Any, rows: Sequence[Row], *, staged: bool) -> list[Existing]:  # noqa: ARG002 - never
        """Insert `rows`; look for those that are there only when not all came in."""
        raw = cursor.connection.cursor()
        cursor.execute("SAVEPOINT rows")
        existing: list[Existing] = []
        if _execute(raw, _INSERT, rows) != len(rows):
            cursor.execute("ROLLBACK TO rows")
            existing = list(_find(raw, rows))
            _execute(raw, _INSERT, rows)
        cursor.execute("RELEASE rows")
        # The last of a series' sorted rows is its newest.
        newest = {row[0]: row for row in rows}
        _execute(raw, _LATEST, list(newest.values()))
        return existing

    def commit_small(self, cursor: Any, few: SmallBatch) -> int | None:
        """Not offered: without a network, statements cost little."""

    def touch_devices(self, cursor: Any, seen: Sequence[Seen]) -> None:
        """Raise last_seen and expected_by."""
        rows = [
            {"pk": pk, "seen": _text(last), "stale": stale, "learns": learns}
            for pk, last, stale, learns in seen
        ]
        cursor.connection.cursor().executemany(_TOUCH, rows)

    def add_counts(
        self,
        cursor: Any,
        sums: Sequence[str],
        lasts: Sequence[str],
        rows: Sequence[tuple[int | None, ...]],
    ) -> None:
        """Add the counts; devices deleted meanwhile are passed over."""
        columns = (*sums, *lasts)
        marks = ", ".join("?" * len(columns))
        cursor.connection.cursor().executemany(
            f"INSERT INTO devices_devicecounts ({', '.join(columns)}) SELECT {marks} "
            "WHERE EXISTS (SELECT 1 FROM devices_device WHERE id = ?) "
            f"{counts_conflict(sums, lasts)}",
            [(*row, row[0]) for row in rows],
        )


def _execute(raw: Any, statement: str, rows: Sequence[Row]) -> int:
    """Run `statement` on all of `rows`; return how many it changed."""
    changed = start = 0
    for size in _SIZES:
        sized = statement.format(rows=", ".join(["(?, ?, ?, ?)"] * size))
        while len(rows) - start >= size:
            raw.execute(sized, list(chain.from_iterable(rows[start : start + size])))
            changed += raw.rowcount
            start += size
    return changed


def _text(moment: Any) -> str:
    """Return a UTC datetime as Django's SQLite backend stores it."""
    return str(moment.replace(tzinfo=None))


def _find(raw: Any, rows: Sequence[Row]) -> Iterator[Existing]:
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        marks = ",".join(["(?,?)"] * len(chunk))
        # Pairs that are IN a list are looked for by reading the whole table.
        raw.execute(
            f"WITH v(s, t) AS (VALUES {marks}) SELECT r.series_id, r.ts, r.value, r.text "
            "FROM v CROSS JOIN devices_reading r ON r.series_id = v.s AND r.ts = v.t",
            [part for row in chunk for part in row[:2]],
        )
        found = {(series_id, ts): (value, text) for series_id, ts, value, text in raw.fetchall()}
        for row in chunk:
            if (row.series_id, row.ts) in found:
                same = found[(row.series_id, row.ts)] == (row.value, row.text)
                yield Existing(row.series_id, row.ts, not same)
