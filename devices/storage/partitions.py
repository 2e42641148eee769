"""Weekly partitions of devices_reading on PostgreSQL, made and dropped."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error, connection

from devices.timestamps import WEEK_US, week_start

_WEEKS = (
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i "
    "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'devices_reading'::regclass "
    "AND c.relispartition"
)
_END = re.compile(r"TO \('(-?\d+)'\)")


def weeks_of(times: Iterable[int]) -> set[int]:
    """Return the week starts that cover `times`."""
    return {week_start(ts) for ts in times}


def name_of(start: int) -> str:
    """Return the partition's table name, such as devices_reading_2026w47."""
    year, week, _ = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start)).isocalendar()
    return f"devices_reading_{year}w{week:02d}"


def create(cursor: Any, start: int) -> None:
    """Create the partition that begins at `start`, unless it is there.

    Made beside the table and attached, which does not lock out readers; two
    workers may try at once.
    """
    name = name_of(start)
    cursor.execute("SELECT to_regclass(%s)", [name])
    if cursor.fetchone()[0] is not None:
        return
    try:
        cursor.execute(
            f"CREATE TABLE {name} (LIKE devices_reading INCLUDING ALL); "
            f"ALTER TABLE devices_reading ATTACH PARTITION {name} "
            f"FOR VALUES FROM ({start}) TO ({start + WEEK_US})"
        )
    except Error:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is None:
            raise


def weeks() -> list[tuple[int, str]]:
    """Return (end in µs, table) of every week there is, the oldest first."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS)
        found = [(_END.search(bound), name) for name, bound in cursor.fetchall()]
    return sorted((int(end[1]), name) for end, name in found if end)


def lock(cursor: Any) -> None:
    """Have everybody else wait who reads or writes readings, until the transaction ends."""
    cursor.execute("LOCK TABLE ONLY devices_reading IN ACCESS EXCLUSIVE MODE")


def drop(cursor: Any, name: str) -> None:
    """Drop the partition `name` with all it holds."""
    cursor.execute(f"DROP TABLE {name}")


def rewrite(cursor: Any, name: str) -> None:
    """Give back the room of deleted rows: what is left of the partition is written anew."""
    cursor.execute(f"VACUUM FULL {name}")
