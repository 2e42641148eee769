"""Which quarters are still to be summed up, and which hold readings at all."""

from collections.abc import Sequence

from django.db import connection

from devices.rollups.levels import QUARTER_HOUR
from devices.rollups.open_buckets import Bucket

_CHUNK = 400
# One index descent a quarter, however many readings it holds.
_FILLED = (
    "WITH RECURSIVE q(number) AS ("
    "SELECT (SELECT ts / {width} FROM devices_reading WHERE series_id = %s AND ts >= %s "
    "ORDER BY ts LIMIT 1) UNION ALL "
    "SELECT (SELECT ts / {width} FROM devices_reading WHERE series_id = %s "
    "AND ts >= (q.number + 1) * {width} ORDER BY ts LIMIT 1) "
    "FROM q WHERE q.number IS NOT NULL"
    ") SELECT number FROM q WHERE number IS NOT NULL LIMIT %s"
)


def mark(buckets: Sequence[Bucket]) -> None:
    """Note that `buckets` are to be summed up."""
    with connection.cursor() as cursor:
        for start in range(0, len(buckets), _CHUNK):
            chunk = buckets[start : start + _CHUNK]
            cursor.execute(
                "INSERT INTO devices_dirty (series_id, bucket) VALUES "
                f"{', '.join(['(%s, %s)'] * len(chunk))} ON CONFLICT DO NOTHING",
                [part for bucket in chunk for part in bucket],
            )


def unmark(buckets: Sequence[Bucket]) -> None:
    """Note that `buckets` were summed up."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM devices_dirty WHERE series_id = %s AND bucket = %s", list(buckets)
        )


def closed(until: int, limit: int) -> list[Bucket]:
    """Return at most `limit` dirty quarters that end by `until`, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT series_id, bucket FROM devices_dirty WHERE bucket < %s "
            "ORDER BY bucket, series_id LIMIT %s",
            [until, limit],
        )
        return list(cursor.fetchall())


def filled(series_id: int, start: int, limit: int) -> list[int]:
    """Return the first `limit` quarters (their starts) that hold readings from `start` (µs) on."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FILLED.format(width=QUARTER_HOUR.width), [series_id, start, series_id, limit]
        )
        return [number * QUARTER_HOUR.width for (number,) in cursor.fetchall()]
