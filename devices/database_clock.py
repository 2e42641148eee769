"""The database's clock, which all processes share: leases and heartbeats go by it."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def database_now() -> datetime:
    """Return the database's clock, which all processes share."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def database_micros() -> int:
    """Return the same in µs since 1970 UTC."""
    return round(database_now().timestamp() * 1e6)


def clock_offset() -> float:
    """Return how many seconds this machine's clock is ahead of the database's."""
    return round((timezone.now() - database_now()).total_seconds(), 3)
