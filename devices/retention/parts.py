"""Partitions of devices_reading that hold nothing that is kept: PostgreSQL drops them whole."""

from contextlib import suppress
from typing import Any

from django.db import OperationalError, connection, transaction

from devices.registry import edit_log
from devices.storage import partitions

# One index descent a series, however many readings it has.
_SERIES = (
    "WITH RECURSIVE s(id) AS ((SELECT series_id FROM {name} ORDER BY series_id LIMIT 1) "
    "UNION ALL SELECT (SELECT series_id FROM {name} WHERE series_id > s.id "
    "ORDER BY series_id LIMIT 1) FROM s WHERE s.id IS NOT NULL) "
    "SELECT count(*) FROM s LEFT JOIN devices_series d ON d.id = s.id "
    "WHERE s.id IS NOT NULL AND d.raw_since < %s"
)


def drop_ended(until: int) -> int:
    """Drop partitions that end by `until` (µs) and hold nothing that is kept; return how many."""
    return sum(drop(end, name) for end, name in partitions.ends() if end <= until)


def drop(end: int, name: str) -> bool:
    """Drop a partition unless a reading in it is kept; return whether it went.

    Writers wait meanwhile, and look for their partitions again afterwards.
    """
    with connection.cursor() as cursor:
        if _holds(cursor, end, name):
            return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            # The table before the writers' rows, as writers take them.
            partitions.lock(cursor)
            edit_log.record()
            if _holds(cursor, end, name):
                return False
            partitions.drop(cursor, name)
    except OperationalError:
        return False  # somebody reads: the next time
    return True


def shrink(until: int) -> None:
    """Give back the room of the partition that ends at `until` (µs), of which rows were deleted.

    What is left in it is written anew: of an old one that is little. Its readers wait
    meanwhile; nobody stores into it any more.
    """
    for end, name in partitions.ends():
        if end == until:
            with connection.cursor() as cursor, suppress(OperationalError):
                cursor.execute("SET lock_timeout = '1s'")
                partitions.rewrite(cursor, name)


def _holds(cursor: Any, end: int, name: str) -> bool:
    cursor.execute(_SERIES.format(name=name), [end])
    return bool(cursor.fetchone()[0])
