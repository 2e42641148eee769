"""Stored readings of single series: the newest, and rows of a span."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Max

from devices.corrections import kept
from devices.models import Writer
from devices.models.slot_names import slot_names
from devices.queries.series import SeriesInfo
from devices.queries.values import Point, shown
from devices.rollups.levels import last_before
from devices.timestamps import WEEK_US

# No time in the database is later.
_ALL = 2**63 - 1
# The newest rows are looked for among those of so long first.
NEAR_US = 8 * WEEK_US


def latest(series: Iterable[SeriesInfo], since: int = 0) -> dict[int, Point]:
    """Return the newest reading of each series that has one, by series pk; none is later than now.

    None is before `since` (µs). Where it is marked and retention has left sums alone of those
    before, theirs.
    """
    infos = {info.pk: info for info in series}
    kinds = {pk: info.kind for pk, info in infos.items()}
    rows = _fetch(
        "SELECT series_id, ts, value, text FROM devices_latest WHERE series_id", list(kinds)
    )
    found = {pk: (ts, shown(value, text, kinds[pk])) for pk, ts, value, text in rows}
    hidden = _fetch(
        "SELECT l.series_id FROM devices_correction c JOIN devices_latest l "
        "ON l.series_id = c.series_id AND l.ts >= c.since AND l.ts <= c.until "
        "WHERE c.undone_at IS NULL AND l.series_id",
        list(found),
    )
    newest = max((ts for ts, _value in found.values()), default=0)
    now = now_us() if newest > time.time_ns() // 1_000 else newest
    ahead = {pk for pk, (ts, _value) in found.items() if ts > now}
    for pk in ahead.union(*hidden):
        del found[pk]
        for point in _newest(pk, kinds[pk], 1, now) or _last_summed_up(infos[pk]):
            found[pk] = point
    return {pk: point for pk, point in found.items() if point[0] >= since} if since else found


def now_us() -> int:
    """Return now in µs, by the clocks of the devices where they agree that ours is behind."""
    return time.time_ns() // 1_000 + clocks_ahead_us()


def clocks_ahead_us() -> int:
    """Return by how much the clocks of the devices are ahead of ours, if they agree; else 0."""
    ahead = Writer.objects.filter(name__in=slot_names()).aggregate(most=Max("clocks_ahead"))["most"]
    return ahead or 0


def _last_summed_up(info: SeriesInfo) -> list[Point]:
    """Return the last reading that sums tell of, of those that are gone; empty where none is."""
    if not info.raw_since:
        return []
    with connection.cursor() as cursor:
        made = last_before(cursor, info.pk, info.raw_since)
    if made is None:
        return []
    return [(made.last_ts, shown(made.last, made.last_text, info.kind))]


def _fetch(sql: str, ids: Sequence[int]) -> list[Any]:
    """Run `sql`, which ends in the column that is to be one of `ids`."""
    found: list[Any] = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{sql} = ANY(%s)", [list(ids)])
            return list(cursor.fetchall())
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            cursor.execute(f"{sql} IN ({', '.join(['%s'] * len(chunk))})", chunk)
            found += cursor.fetchall()
    return found


def count_rows(series_id: int, start: int, end: int, limit: int) -> int:
    """Count rows with start <= ts <= end, looking at no more than `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM devices_reading r WHERE series_id = %s "
            f"AND ts >= %s AND ts <= %s AND {kept(series_id)} LIMIT %s) found",
            [series_id, start, end, limit],
        )
        return int(cursor.fetchone()[0])


def rows(info: SeriesInfo, start: int, end: int, limit: int) -> list[Point]:
    """Return the stored rows with start <= ts <= end, oldest first, at most `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s "
            f"AND ts >= %s AND ts <= %s AND {kept(info.pk)} ORDER BY ts LIMIT %s",
            [info.pk, start, end, limit],
        )
        return [(ts, shown(value, text, info.kind)) for ts, value, text in cursor.fetchall()]


def newest_rows(info: SeriesInfo, limit: int, until: int | None = None) -> list[Point]:
    """Return the newest rows (up to `until`, in µs), newest first."""
    return _newest(info.pk, info.kind, limit, _ALL if until is None else until)


def _newest(series_id: int, kind: str, limit: int, until: int = _ALL) -> list[Point]:
    """Return the newest rows up to `until` (µs), newest first.

    On PostgreSQL most are found in a few partitions; a statement locks each that it may read.
    """
    since = min(until, time.time_ns() // 1_000) - NEAR_US
    found: list[Point] = []
    if connection.vendor == "postgresql":
        found = _between(series_id, kind, limit, since, until)
    return found if len(found) == limit else _between(series_id, kind, limit, -_ALL, until)


def _between(series_id: int, kind: str, limit: int, since: int, until: int) -> list[Point]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s AND ts > %s "
            f"AND ts <= %s AND {kept(series_id)} ORDER BY ts DESC LIMIT %s",
            [series_id, since, until, limit],
        )
        return [(ts, shown(value, text, kind)) for ts, value, text in cursor.fetchall()]
