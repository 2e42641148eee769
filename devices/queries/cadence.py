"""How long a series is usually silent, learned from its newest readings."""

from collections.abc import Sequence
from itertools import pairwise

from django.db import connection

from devices.models import Kind
from devices.queries import SeriesInfo

# Readings looked at, and how many there must be.
NEWEST, ENOUGH = 31, 4
# A number is stale after three times its usual silence, in µs at least so long.
TIMES, SHORTEST = 3, 30_000_000
# A few quick readings are no habit: it must have been so for so long (µs), at its end and
# halfway.
STEADY = 300_000_000


def expiries(infos: Sequence[SeriesInfo]) -> dict[int, int]:
    """Return after how long (µs) without a reading each series is stale, by pk.

    Texts and booleans are said when they change, and are never stale by themselves; nor
    is a series of too few readings. They are not in the result.
    """
    numbers = [info.pk for info in infos if info.kind == Kind.NUMBER]
    times = {pk: found for pk, found in _newest(numbers).items() if len(found) >= ENOUGH}
    gaps = {pk: _gaps(found) for pk, found in times.items()}
    expiries = {pk: max(SHORTEST, TIMES * _usual(found)) for pk, found in gaps.items()}
    young = {pk: times[pk][0] for pk, found in gaps.items() if sum(found) < STEADY}
    for back in (STEADY // 2, STEADY):
        wanted = {pk: newest - back for pk, newest in young.items() if pk in expiries}
        for pk, before in _before(wanted).items():
            if before is None or wanted[pk] - before > expiries[pk]:
                del expiries[pk]
    return expiries


def _before(wanted: dict[int, int]) -> dict[int, int | None]:
    """Return the time of the last reading of each series by a time (µs); None where none is."""
    found: dict[int, int | None] = {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT v.s, (SELECT max(ts) FROM devices_reading WHERE series_id = v.s "
                "AND ts <= v.t) FROM unnest(%s::bigint[], %s::bigint[]) AS v(s, t)",
                [list(wanted), list(wanted.values())],
            )
            return dict(cursor.fetchall())
        for pk, ts in wanted.items():
            cursor.execute(
                "SELECT max(ts) FROM devices_reading WHERE series_id = %s AND ts <= %s", [pk, ts]
            )
            found[pk] = cursor.fetchone()[0]
    return found


def _gaps(times: list[int]) -> list[int]:
    """Return the silences between readings, sorted, without the longest: one outage is no habit."""
    return sorted(late - early for early, late in pairwise(sorted(times)))[:-1]


def _usual(gaps: list[int]) -> int:
    """Return the silence that half of the time lies in or below: bursts do not make it short."""
    half = sum(gaps) / 2
    for gap in gaps:
        half -= gap
        if half <= 0:
            return gap
    return gaps[-1]


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
