"""Reads of many series at once: on PostgreSQL one statement, whatever their number.

A page of 20 series that reads them one by one waits for 20 answers, and so do all the
pages behind it. SQLite answers without a wire; there they are read one by one.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from devices import queries
from devices.corrections import kept_of_column
from devices.queries import Bin, Point, SeriesInfo

# From and to in µs, both belong to it.
Span = tuple[int, int]

_SPANS = "unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(s, since, until)"
_ROWS = (
    f"SELECT v.s, r.ts, r.value, r.text FROM {_SPANS} CROSS JOIN LATERAL ("
    "SELECT ts, value, text FROM devices_reading r WHERE series_id = v.s "
    f"AND ts >= v.since AND ts <= v.until AND {kept_of_column('v.s')} ORDER BY ts LIMIT %s"
    ") r ORDER BY 1, 2 LIMIT %s"
)
_COUNT = (
    f"SELECT max(c.n) FROM {_SPANS} CROSS JOIN LATERAL (SELECT count(*) AS n FROM ("
    "SELECT 1 FROM devices_reading r WHERE series_id = v.s "
    f"AND ts >= v.since AND ts <= v.until AND {kept_of_column('v.s')} LIMIT %s) found) c"
)
_BINS = (
    f"SELECT v.s, x.* FROM {_SPANS} CROSS JOIN LATERAL ("
    "WITH b AS (SELECT ts / %s AS bin, min(value) AS low, max(value) AS high, count(*) AS n, "
    f"max(ts) AS newest, {queries.SUM} AS total, {queries.NUMBERS} AS numbers "
    "FROM devices_reading r WHERE series_id = v.s "
    f"AND ts >= v.since AND ts < v.until AND {kept_of_column('v.s')} GROUP BY 1) "
    "SELECT b.bin * %s AS at, r.value, r.text, b.low, b.high, b.n, b.total, b.numbers FROM b "
    "JOIN devices_reading r ON r.series_id = v.s AND r.ts = b.newest "
    "AND r.ts >= v.since AND r.ts < v.until) x ORDER BY 1, 2 LIMIT %s"
)


def rows(
    infos: Mapping[int, SeriesInfo], spans: Mapping[int, Span], limit: int, most: int | None = None
) -> dict[int, list[Point]]:
    """Return the stored rows of each series in its span, oldest first.

    Args:
        infos: by series pk; of all in `spans`.
        spans: what to read, by series pk.
        limit: of rows of one series.
        most: of rows of all series together; None for no limit.
    """
    found: dict[int, list[Point]] = {pk: [] for pk in spans}
    if connection.vendor != "postgresql":
        left = most
        for pk, span in spans.items():
            found[pk] = queries.rows(infos[pk], *span, limit if left is None else min(limit, left))
            left = None if left is None else left - len(found[pk])
        return found
    for pk, ts, value, text in _fetch(_ROWS, spans, limit, most):
        found[pk].append((ts, queries.shown(value, text, infos[pk].kind)))
    return found


def bin_width(series: Iterable[SeriesInfo], start: int, end: int, points: int) -> int:
    """Return 0 where every series has at most `points` rows in the span, else a bin width.

    The width in µs is the smallest of `queries.BIN_WIDTHS` with which the span has at most
    `points` bins, and where the span reaches back behind what is kept of the readings,
    no less than that of the sums that are left.
    """
    series = list(series)
    least = max((info.least_width(start) for info in series), default=0)
    if least:
        return max(least, queries.width_for(end - start, points))
    if most_rows(series, start, end, points + 1) <= points:
        return 0
    return queries.width_for(end - start, points)


def most_rows(series: Iterable[SeriesInfo], start: int, end: int, limit: int) -> int:
    """Return how many rows that series has in the span that has most, at most `limit`."""
    pks = [info.pk for info in series]
    if not pks:
        return 0
    # Most often the first one tells already.
    most = queries.count_rows(pks[0], start, end, limit)
    if most >= limit or len(pks) == 1:
        return most
    if connection.vendor != "postgresql":
        return max(most, *(queries.count_rows(pk, start, end, limit) for pk in pks[1:]))
    [(others,)] = _fetch(_COUNT, dict.fromkeys(pks[1:], (start, end)), limit)
    return max(most, int(others))


def bins(
    infos: Mapping[int, SeriesInfo], spans: Mapping[int, Span], width: int, most: int | None = None
) -> dict[int, list[Bin]]:
    """Return the bins of `width` µs that touch each series' span, as `queries.bins` does.

    Those of long spans, and where retention has left sums alone, are read one by one;
    of all others `most` at most.
    """
    whole = {
        pk: (low // width * width, high // width * width + width)
        for pk, (low, high) in spans.items()
        if _is_plain(infos[pk], low // width * width, high + width)
    }
    found = {pk: queries.bins(infos[pk], *spans[pk], width) for pk in spans if pk not in whole}
    found |= {pk: [] for pk in whole}
    for pk, ts, value, text, low, high, n, *sums in _fetch(_BINS, whole, width, width, most):
        last = queries.shown(value, text, infos[pk].kind)
        found[pk].append((ts, last, low, high, n, queries.mean_of(*sums)))
    return found


def _is_plain(info: SeriesInfo, low: int, high: int) -> bool:
    """Return whether readings alone tell of a span, in one statement with others."""
    short = high - low <= queries.SHORT
    return connection.vendor == "postgresql" and short and low >= info.raw_since


def _fetch(sql: str, spans: Mapping[int, Span], *more: int | None) -> list[Any]:
    if not spans:
        return []
    since, until = map(list, zip(*spans.values(), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(spans), since, until, *more])
        return list(cursor.fetchall())
