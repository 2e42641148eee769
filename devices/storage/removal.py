"""Taking readings, and what was summed up of them, out of their tables: some rows at a time."""

from collections.abc import Iterable

from django.db import connection

from devices.models import Latest

READINGS = "devices_reading"


def remove_before(table: str, column: str, series: int, floor: int, limit: int) -> int:
    """Delete the oldest rows of a series before `floor`, `limit` at most; return how many.

    Args:
        table: of readings, or of rollups.
        column: its time.
        series: its pk.
        floor: µs since 1970 UTC.
        limit: of rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE series_id = %s AND {column} IN "
            f"(SELECT {column} FROM {table} WHERE series_id = %s AND {column} < %s "
            f"ORDER BY {column} LIMIT %s)",
            [series, series, floor, limit],
        )
        return int(cursor.rowcount)


def remove_series(series: int, limit: int, others: Iterable[str]) -> int:
    """Delete `limit` readings of a series at most; return how many.

    With the last of them goes its newest reading, and all rows of the tables `others`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {READINGS} WHERE series_id = %s AND ts IN "
            f"(SELECT ts FROM {READINGS} WHERE series_id = %s LIMIT %s)",
            [series, series, limit],
        )
        gone = int(cursor.rowcount)
        if gone < limit:
            for table in others:
                cursor.execute(f"DELETE FROM {table} WHERE series_id = %s", [series])
            Latest.objects.filter(series_id=series).delete()
    return gone
