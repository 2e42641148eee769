"""Many readings at once, made by the database; for benchmarks of reads."""

import json

from django.db import connection

from devices.queries import SECOND
from devices.storage import partitions

EVERY = 10 * SECOND


def fill(series: list[int], end: int, count: int) -> None:
    """Store `count` readings of each series (pks), one every 10 s, up to `end` (µs)."""
    start = end - count * EVERY
    rows = (
        f"SELECT s, {start} + CAST(n AS bigint) * {EVERY}, (s * 7 + n * 37 % 1000) / 10.0, NULL "
        "FROM {series} CROSS JOIN {numbers}"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            hours = range(start, end + 1, 3_600 * SECOND)
            partitions.cover(cursor, partitions.weeks_of(hours))
            given = f"unnest(ARRAY{series}) AS s"
            numbers = f"generate_series(1, {count}) AS n"
        else:
            given = f"(SELECT value AS s FROM json_each('{json.dumps(series)}'))"
            numbers = (
                f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                f"WHERE n < {count}) SELECT n FROM c)"
            )
        cursor.execute(
            "INSERT INTO devices_reading (series_id, ts, value, text) "
            + rows.format(series=given, numbers=numbers)
        )
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
