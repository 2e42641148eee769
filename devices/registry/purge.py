"""Removing the readings of deleted series in bounded steps."""

from django.db import connection

from devices.models import Latest, Purge
from devices.rollups.levels import LEVELS

STEP_ROWS = 5_000


def purge_step(rows: int = STEP_ROWS) -> int:
    """Delete at most `rows` readings of one purged series; return how many went.

    Safe to run in several processes and to break off at any moment.
    """
    purge = Purge.objects.order_by("asked_at").first()
    if purge is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM devices_reading WHERE series_id = %s AND ts IN "
            "(SELECT ts FROM devices_reading WHERE series_id = %s LIMIT %s)",
            [purge.series_id, purge.series_id, rows],
        )
        gone = int(cursor.rowcount)
        if gone < rows:
            for table in (*(level.table for level in LEVELS), "devices_dirty"):
                cursor.execute(f"DELETE FROM {table} WHERE series_id = %s", [purge.series_id])
    if gone < rows:
        Latest.objects.filter(series_id=purge.series_id).delete()
        purge.delete()
    return gone
