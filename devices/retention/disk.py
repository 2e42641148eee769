"""The disk under the database: how much room is left, and when readings must make room."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import connection

from devices.storage import partitions

GB = 10**9
# With less room than this part of the disk (and than so many bytes), it is low; or readings go.
LOW, LOW_BYTES = 0.15, 20 * GB
THIN, THIN_BYTES = 0.05, 5 * GB


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes: what the database takes, what room is left of what size."""

    state: Literal["unknown", "ok", "low", "thinning"] = "unknown"
    database: int = 0
    free: int = 0
    size: int = 0

    @property
    def words(self) -> str:
        """Return it in a sentence."""
        told = f"The database takes {self.database / 1e6:.0f} MB"
        if self.state == "unknown":
            return f"{told}; set DISK_BUDGET_MB to have it watched."
        return f"{told}; {self.free / 1e6:.0f} of {self.size / 1e6:.0f} MB are free: {self.state}."


def look() -> Disk:
    """Return how much room the database has.

    Of DISK_BUDGET_MB where that is set; else of the disk that SQLite's file lies on. The
    disk of a PostgreSQL server cannot be seen from here.
    """
    database, reusable = _used()
    budget = settings.DISK_BUDGET_MB * 10**6
    if budget:
        return _judge(database, max(0, budget - database), budget)
    if connection.vendor == "postgresql":
        return Disk(database=database)
    disk = shutil.disk_usage(Path(str(connection.settings_dict["NAME"])).parent)
    return _judge(database, disk.free + reusable, disk.total)


def _judge(database: int, free: int, size: int) -> Disk:
    if free < min(THIN * size, THIN_BYTES):
        return Disk("thinning", database, free, size)
    if free < min(LOW * size, LOW_BYTES):
        return Disk("low", database, free, size)
    return Disk("ok", database, free, size)


def _used() -> tuple[int, int]:
    """Return how many bytes the database takes, and how many more of its file are empty."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0]), 0
        found = []
        for name in ("page_size", "page_count", "freelist_count"):
            cursor.execute(f"PRAGMA {name}")
            found.append(int(cursor.fetchone()[0]))
    page, count, empty = found
    return page * (count - empty), page * empty


def oldest_part(start: int, end: int) -> int:
    """Return until when (µs) readings go first, to have room given back; 0: none in start..end.

    That is the end of the partition, on SQLite of the week, with the oldest of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(first) FROM (SELECT (SELECT ts FROM devices_reading r "
            "WHERE r.series_id = s.id AND r.ts >= %s AND r.ts < %s ORDER BY ts LIMIT 1) AS first "
            "FROM devices_series s) oldest",
            [start, end],
        )
        oldest = cursor.fetchone()[0]
    return 0 if oldest is None else partitions.end_of(oldest)
