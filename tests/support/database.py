"""Emptying the test database, quicker than Django does: only the tables that hold something.

A test cannot simply be rolled back: reads set the isolation level of their transactions
themselves, and writers look at the ids of transactions.
"""

from collections.abc import Iterable
from functools import cache

from django.apps import apps
from django.db import connection, transaction

from devices.models import Series
from devices.rollups.levels import LEVELS
from devices.storage import partitions

# What Django makes of the models, once.
_KEPT = {"django_content_type", "auth_permission", "django_migrations"}
# What writers and elected work set on their connections; tests share one.
_SESSION = (
    *("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout"),
    *("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "jit", "application_name"),
)
# Weeks that may stay: each makes planning a little slower.
_PARTS = 12


@cache
def tables() -> list[str]:
    """Return every table that a test may fill."""
    managed = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
    }
    return sorted({*managed, "devices_reading", *(level.table for level in LEVELS)} - _KEPT)


def empty() -> None:
    """Delete every row of every table, whatever refers to it."""
    quoted = [connection.ops.quote_name(table) for table in tables()]
    with transaction.atomic(), connection.cursor() as cursor:
        filled: list[str] = []
        # Fewer parts than SQLite's limit for one SELECT.
        for start in range(0, len(quoted), 40):
            parts = [
                f"SELECT {start + n}, EXISTS (SELECT 1 FROM {table})"
                for n, table in enumerate(quoted[start : start + 40])
            ]
            cursor.execute(" UNION ALL ".join(parts))
            filled += [quoted[n] for n, holds in cursor.fetchall() if holds]
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
        for name in _SESSION if connection.vendor == "postgresql" else ():
            cursor.execute(f"RESET {name}")
        parts = partitions.ends()
        for _end, name in parts[: max(0, len(parts) - _PARTS)]:
            partitions.drop(cursor, name)


def insert_readings(series: Series, points: Iterable[tuple[int, float]]) -> None:
    """Store readings (ts in µs, number) of `series`, as if they had always been there."""
    rows = [(series.pk, ts, value) for ts, value in points]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            partitions.cover(cursor, partitions.weeks_of(ts for _pk, ts, _value in rows))
        cursor.executemany(
            "INSERT INTO devices_reading (series_id, ts, value) VALUES (%s, %s, %s)", rows
        )
