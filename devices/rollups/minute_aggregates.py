"""Summaries of readings by minute, made within the database.

What a reading costs here is the database's work, not Python's: the ingest shares this
process. Only minutes that hold texts, or numbers whose sums may overflow, are summed up
from their readings.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import connection

from devices.corrections import kept_of
from devices.rollups.levels import MINUTE, Span
from devices.rollups.partial_aggregate import DIP, PartialAggregate, fold

# (series pk, start of the minute)
Minute = tuple[int, int]
_CHUNK = 100
# Sums and products of larger numbers may leave the range of doubles, which is an error in SQL.
_LARGE = 1e100
_READINGS = (
    "WITH v(s, a, b) AS (VALUES {spans}) SELECT r.series_id, r.ts, r.value, r.text "
    "FROM v JOIN devices_reading r ON r.series_id = v.s AND r.ts >= v.a AND r.ts < v.b "
    "WHERE {kept}"
)
# `before` and `since` are the reading before, within the minute; `next` the one after.
_FOLDS = (
    "SELECT series_id, minute, count(*), min(value), max(value), sum(value), "
    "max(CASE WHEN since IS NULL THEN value END), max(CASE WHEN next IS NULL THEN value END), "
    "min(ts), max(ts), "
    "sum(CASE WHEN before IS NULL OR value IS NULL THEN 0 "
    "WHEN value >= 0 AND value < before * {dip} THEN value ELSE value - before END), "
    "sum(CASE WHEN before IS NULL THEN 0 ELSE before * (ts - since) END), "
    "count(text) + sum(large) FROM ("
    "SELECT *, lag(value) OVER w AS before, lag(ts) OVER w AS since, lead(ts) OVER w AS next "
    "FROM (SELECT series_id, ts, CASE WHEN abs(value) < {large} THEN value END AS value, text, "
    "CASE WHEN abs(value) < {large} OR value IS NULL THEN 0 ELSE 1 END AS large, "
    "ts / {minute} AS minute FROM ({readings}) r) m "
    "WINDOW w AS (PARTITION BY series_id, minute ORDER BY ts)) r "
    "GROUP BY series_id, minute ORDER BY series_id, minute"
)


def read(spans: Sequence[Span]) -> Iterator[tuple[Minute, PartialAggregate]]:
    """Yield the summary of each minute that holds readings of `spans`, by series and time."""
    for start in range(0, len(spans), _CHUNK):
        yield from _read(spans[start : start + _CHUNK])


def _read(spans: Sequence[Span]) -> Iterator[tuple[Minute, PartialAggregate]]:
    marks = ", ".join(["(%s, %s, %s)"] * len(spans))
    readings = _READINGS.format(spans=marks, kept=kept_of(span[0] for span in spans))
    values = [part for span in spans for part in span]
    with connection.cursor() as cursor:
        sql = _FOLDS.format(readings=readings, minute=MINUTE.width, large=_LARGE, dip=DIP)
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
        others: dict[Minute, PartialAggregate] = {}
        if any(row[-1] for row in rows):
            cursor.execute(f"{readings} ORDER BY 1, 2", values)
            others = _folds(cursor.fetchall())
    for series_id, number, *columns, special in rows:
        minute = series_id, number * MINUTE.width
        if not special:
            yield minute, _fold(columns)
        elif minute in others:  # else what was there has just been marked or purged
            yield minute, others[minute]


def _fold(columns: Sequence[Any]) -> PartialAggregate:
    count, low, high, total, first, last, first_ts, last_ts, rise, area = columns
    made = PartialAggregate(
        count, low, high, total or 0.0, first, last, first_ts, last_ts, rise, area
    )
    made.first_number, made.last_number = first, last
    return made


def _folds(rows: Sequence[Any]) -> dict[Minute, PartialAggregate]:
    """Sum up (series pk, ts, value, text), sorted."""
    by_minute = groupby(rows, key=lambda row: (row[0], MINUTE.floor(row[1])))
    return {minute: fold(row[1:] for row in group) for minute, group in by_minute}
