"""Weekly partitions of devices_reading on PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error

from devices.timestamps import WEEK_US, week_start


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
