"""Bins: a span of one series as so many points, of readings and of what is summed up."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from devices.corrections import kept
from devices.queries.readings import rows
from devices.queries.series import SeriesInfo
from devices.queries.snapshot import rolled_up
from devices.queries.values import SECOND, Value, mean_of, shown
from devices.rollups.coverage import Exact
from devices.rollups.levels import Level

# (start of the bin, last, min, max, n, mean); the mean is of numbers, of booleans the share of
# true ones, and None where there are none.
Bin = tuple[int, Value, float | None, float | None, int, float | None]
# A bin while it is put together: its sum and how many numbers that is of, in place of its mean.
Part = tuple[int, Value, float | None, float | None, int, float | None, int]
# Widths that people can name; a bin starts at a multiple of its width.
BIN_WIDTHS = tuple(
    seconds * SECOND
    for seconds in (
        *(1, 2, 5, 10, 15, 30),
        *(60, 120, 300, 900, 1_800),
        *(3_600, 7_200, 10_800, 21_600, 43_200, 86_400),
        *(172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000),
    )
)
# Spans up to this (µs) are read from the readings alone.
SHORT = 2 * 3_600 * SECOND
# Sums of larger numbers may leave the range of doubles, which is an error in SQL.
SUM = "sum(CASE WHEN abs(value) < 1e100 THEN value END)"
NUMBERS = "count(CASE WHEN abs(value) < 1e100 THEN 1 END)"
_RAW_BINS = (
    "WITH b AS (SELECT ts / %s AS bin, min(value) AS low, max(value) AS high, "
    f"count(*) AS n, max(ts) AS newest, {SUM} AS total, {NUMBERS} AS numbers "
    "FROM devices_reading r "
    "WHERE series_id = %s AND ts >= %s AND ts < %s AND {kept} GROUP BY 1) "
    "SELECT b.bin * %s, r.value, r.text, b.low, b.high, b.n, b.total, b.numbers FROM b "
    "JOIN devices_reading r ON r.series_id = %s AND r.ts = b.newest "
    "AND r.ts >= %s AND r.ts < %s ORDER BY 1"
)
_ROLLED_BINS = (
    "WITH b AS (SELECT bucket / %s AS bin, min(min) AS low, max(max) AS high, "
    "sum(count) AS n, max(bucket) AS newest, "
    "sum(CASE WHEN abs(sum) < 1e200 THEN sum END) AS total, "
    "sum(CASE WHEN abs(sum) < 1e200 THEN count - {texts} END) AS numbers FROM {table} "
    "WHERE series_id = %s AND bucket >= %s AND bucket < %s GROUP BY 1) "
    "SELECT b.bin * %s, r.last, r.texts, b.low, b.high, b.n, b.total, b.numbers FROM b "
    "JOIN {table} r ON r.series_id = %s AND r.bucket = b.newest ORDER BY 1"
)


@dataclass(slots=True)
class Columns:
    """A window of one series. `low` and `high` are filled where there are bins."""

    ts: list[int] = field(default_factory=list)
    value: list[Value] = field(default_factory=list)
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)
    mean: list[float | None] = field(default_factory=list)


def _texts_sql() -> str:
    """Return SQL for how many readings of a bucket are texts, which have no mean."""
    if connection.vendor == "postgresql":
        # Its JSON functions refuse the NUL in the names beside it (`tables.FIRST`).
        return r"coalesce(substring(texts from '^\[\s*(\d+)')::bigint, 0)"
    return "coalesce(json_extract(texts, '$[0]'), 0)"


def width_for(span: int, points: int) -> int:
    """Return the smallest width with which `span` has at most `points` aligned bins."""
    for width in BIN_WIDTHS:
        # A span that is not aligned itself touches one bin more.
        if span // width + 2 <= max(points, 2) or width == BIN_WIDTHS[-1]:
            return width
    return BIN_WIDTHS[-1]


def bins(
    info: SeriesInfo, start: int, end: int, width: int, rolled: Exact | None = None
) -> list[Bin]:
    """Return the bins of `width` µs that touch start..end, whole ones, oldest first.

    Args:
        info: the series.
        start: of the span, in µs.
        end: of the span, in µs.
        width: of a bin, in µs; a bin starts at a multiple of it.
        rolled: what rollups answer for in the running snapshot, where that is known
            already; by default it is looked up for spans over `SHORT`.
    """
    low, high = start // width * width, end // width * width + width
    if rolled is None:
        rolled = rolled_up() if high - low > SHORT else Exact()
    found: list[Part] = []
    for level, piece_start, piece_end in rolled.pieces(info, low, high, [width]):
        part = _bins_of(info, level, piece_start, piece_end, width)
        if found and part and found[-1][0] == part[0][0]:
            part[0] = _joined(found.pop(), part[0])
        found += part
    return [(*rest, mean_of(total, numbers)) for *rest, total, numbers in found]  # type: ignore[misc] # a bin


def _bins_of(info: SeriesInfo, level: Level | None, start: int, end: int, width: int) -> list[Part]:
    if level is None:
        sql = _RAW_BINS.format(kept=kept(info.pk))
        values = [width, info.pk, start, end, width, info.pk, start, end]
    else:
        sql = _ROLLED_BINS.format(table=level.table, texts=_texts_sql())
        values = [width, info.pk, start, end, width, info.pk]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
    if level is not None:
        rows = [
            (ts, last, None if texts is None else json.loads(texts)[2], *rest)
            for ts, last, texts, *rest in rows
        ]
    return [
        (ts, shown(value, text, info.kind), lowest, highest, n, total, int(numbers or 0))
        for ts, value, text, lowest, highest, n, total, numbers in rows
    ]


def _joined(early: Part, late: Part) -> Part:
    """Return two parts of one bin as one."""
    lows = [low for low in (early[2], late[2]) if low is not None]
    highs = [high for high in (early[3], late[3]) if high is not None]
    count = early[4] + late[4]
    totals = [total for total in (early[5], late[5]) if total is not None]
    sums = (sum(totals) if totals else None, early[6] + late[6])
    return (early[0], late[1], min(lows, default=None), max(highs, default=None), count, *sums)


def window(info: SeriesInfo, start: int, end: int, points: int, width: int) -> Columns:
    """Return a span of one series: exact rows where `width` is 0, else bins."""
    columns = Columns()
    if not width:
        for ts, value in rows(info, start, end, points + 1):
            columns.ts.append(ts)
            columns.value.append(value)
        return columns
    for ts, value, low, high, _n, mean in bins(info, start, end, width):
        columns.ts.append(ts)
        columns.value.append(value)
        columns.low.append(low)
        columns.high.append(high)
        columns.mean.append(mean)
    return columns
