"""How long a series is usually silent, learned from its newest readings."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from django.db import connection

from devices.models import Kind
from devices.queries import SeriesInfo

# Readings looked at, and how many there must be.
NEWEST, ENOUGH = 11, 4
# A number is stale after three times its usual silence, in µs at least so long.
TIMES, SHORTEST = 3, 30_000_000


def expiries(infos: Sequence[SeriesInfo]) -> dict[int, int]:
    """Return after how long (µs) without a reading each series is stale, by pk.

    Texts and booleans are said when they change, and are never stale by themselves; nor
    is a series of too few readings. They are not in the result.
    """
    numbers = [info.pk for info in infos if info.kind == Kind.NUMBER]
    return {
        pk: max(SHORTEST, int(TIMES * _usual(times)))
        for pk, times in _newest(numbers).items()
        if len(times) >= ENOUGH
    }


def _usual(times: list[int]) -> float:
    ordered = sorted(times)
    return median(late - early for early, late in pairwise(ordered))


def _newest(series: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT v.s, r.ts FROM unnest(%s::bigint[]) AS v(s) CROSS JOIN LATERAL "
                "(SELECT ts FROM devices_reading WHERE series_id = v.s "
                "ORDER BY ts DESC LIMIT %s) r",
                [series, NEWEST],
            )
            for pk, ts in cursor.fetchall():
                found.setdefault(pk, []).append(ts)
            return found
        for pk in series:
            cursor.execute(
                "SELECT ts FROM devices_reading WHERE series_id = %s ORDER BY ts DESC LIMIT %s",
                [pk, NEWEST],
            )
            found[pk] = [ts for (ts,) in cursor.fetchall()]
    return found
