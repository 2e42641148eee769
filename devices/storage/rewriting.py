"""Storing readings of a series anew, at their own times."""

from collections.abc import Sequence

from django.db import connection

from devices.storage import change_rows

# A time in µs, value and text.
Reading = tuple[int, float | None, str | None]


def read_after(series: int, after: int, limit: int) -> list[Reading]:
    """Return the readings of a series that are later than `after` (µs), oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading WHERE series_id = %s AND ts > %s "
            "ORDER BY ts LIMIT %s",
            [series, after, limit],
        )
        return list(cursor.fetchall())


def rewrite(writer: str, series: int, rows: Sequence[Reading]) -> None:
    """Give readings that are there new values, and log that as a change of `writer`.

    Belongs into a transaction.

    Args:
        writer: without a lease, such as `edit`.
        series: its pk.
        rows: in order of time.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE devices_reading SET value = %s, text = %s WHERE series_id = %s AND ts = %s",
            [(value, text, series, ts) for ts, value, text in rows],
        )
        cursor.execute(
            "UPDATE devices_latest SET value = r.value, text = r.text FROM devices_reading r "
            "WHERE devices_latest.series_id = %s AND r.series_id = devices_latest.series_id "
            "AND r.ts = devices_latest.ts",
            [series],
        )
    change_rows.append(writer, [(series, rows[0][0], rows[-1][0])])
