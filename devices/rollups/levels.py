"""The levels of rollups and their tables. Times and widths in µs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from devices.rollups.partial_aggregate import PartialAggregate

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Level:
    """One width of buckets; a bucket starts at a multiple of it."""

    name: str
    width: int

    @property
    def table(self) -> str:
        """Return the name of its table."""
        return f"devices_rollup_{self.name}"

    def floor(self, ts: int) -> int:
        """Return the start of the bucket that holds `ts`."""
        return ts // self.width * self.width


MINUTE = Level("1m", 60 * SECOND)
QUARTER_HOUR = Level("15m", 900 * SECOND)
HOUR = Level("1h", 3_600 * SECOND)
LEVELS = (HOUR, QUARTER_HOUR, MINUTE)
# What no text is called: one that is stored holds no NUL.
FIRST, LAST = "\0first", "\0last"
# Minutes are kept of a quarter in which every minute has as many readings.
DENSE = 20

COLUMNS = (
    *("series_id", "bucket", "count", "min", "max", "sum", "first", "last"),
    *("first_ts", "last_ts", "rise", "area", "texts", "dense"),
)
_UPDATES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])
_MARKS = f"({', '.join(['%s'] * len(COLUMNS))})"
_TYPES = {"count": "bigint", "texts": "text", "dense": "boolean"} | dict.fromkeys(
    ("series_id", "bucket", "first_ts", "last_ts"), "bigint"
)
_ARRAYS = ", ".join(f"%s::{_TYPES.get(name, 'float8')}[]" for name in COLUMNS)
_CHUNK = 200
# (series pk, from, to) in µs; `to` is not in it.
Span = tuple[int, int, int]
# One row of a table, in the order of `COLUMNS`.
Record = tuple[Any, ...]


def record(series_id: int, bucket: int, made: PartialAggregate, *, dense: bool = False) -> Record:
    """Return `made` as a row."""
    texts = None
    if made.texts:
        texts = json.dumps([made.texts, made.first_text, made.last_text, _held(made)])
    return (
        *(series_id, bucket, made.count, made.low, made.high, made.total, made.first, made.last),
        *(made.first_ts, made.last_ts, made.rise, made.area, texts, dense),
    )


def fold_of(row: Sequence[Any]) -> PartialAggregate:
    """Return the summary that the columns of `row` from `count` on hold."""
    count, low, high, total, first, last, first_ts, last_ts, rise, area, texts = row[:11]
    made = PartialAggregate(count, low, high, total, first, last, first_ts, last_ts, rise, area)
    made.first_number, made.last_number = first, last
    if texts is not None:
        made.texts, made.first_text, made.last_text, made.held = json.loads(texts)
        # Rows of earlier releases tell no numbers besides.
        made.first_number = made.held.pop(FIRST, first)
        made.last_number = made.held.pop(LAST, last)
    return made


def _held(made: PartialAggregate) -> dict[str, float]:
    """Return how long texts held, with the numbers beside them where there are some.

    Within that, so that a process of the last release reads the row.
    """
    numbers = {FIRST: made.first_number, LAST: made.last_number}
    return {**made.held, **{name: found for name, found in numbers.items() if found is not None}}


def write(cursor: Any, level: Level, records: Sequence[Record]) -> None:
    """Insert rows of `level`, or put them in place of those that are there."""
    into = f"INSERT INTO {level.table} ({', '.join(COLUMNS)})"
    if connection.vendor == "postgresql":
        # As arrays: finding a hundred thousand placeholders costs more than all the rest.
        if records:
            cursor.execute(
                f"{into} SELECT * FROM unnest({_ARRAYS}) "
                f"ON CONFLICT (series_id, bucket) DO UPDATE SET {_UPDATES}",
                [list(column) for column in zip(*records, strict=True)],
            )
        return
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        cursor.execute(
            f"{into} VALUES {', '.join([_MARKS] * len(chunk))} "
            f"ON CONFLICT (series_id, bucket) DO UPDATE SET {_UPDATES}",
            [part for row in chunk for part in row],
        )


def delete(cursor: Any, level: Level, spans: Iterable[Span]) -> None:
    """Delete the buckets of `level` in `spans`."""
    for series_id, start, end in spans:
        cursor.execute(
            f"DELETE FROM {level.table} WHERE series_id = %s AND bucket >= %s AND bucket < %s",
            [series_id, start, end],
        )


def dense(cursor: Any, spans: Sequence[Span]) -> list[Span]:
    """Return those of `spans`, each a quarter, of which minutes are kept."""
    found: set[tuple[int, int]] = set()
    for start in range(0, len(spans), _CHUNK):
        chunk = spans[start : start + _CHUNK]
        marks = ", ".join(["(%s, %s)"] * len(chunk))
        cursor.execute(
            f"WITH v(s, b) AS (VALUES {marks}) SELECT r.series_id, r.bucket FROM v "
            f"JOIN {QUARTER_HOUR.table} r ON r.series_id = v.s AND r.bucket = v.b WHERE r.dense",
            [part for span in chunk for part in span[:2]],
        )
        found.update(cursor.fetchall())
    return [span for span in spans if span[:2] in found]


def read(
    cursor: Any, level: Level, series_id: int, start: int, end: int
) -> list[tuple[int, PartialAggregate]]:
    """Return (bucket, summary) of start <= bucket < end, in order."""
    return [
        (bucket, made) for _pk, bucket, made in read_spans(cursor, level, [(series_id, start, end)])
    ]


def last_before(cursor: Any, series_id: int, end: int) -> PartialAggregate | None:
    """Return the last summary of a bucket that had ended by `end` (µs)."""
    found: list[PartialAggregate] = []
    for level in (QUARTER_HOUR, HOUR):
        columns = ", ".join(COLUMNS[2:-1])
        cursor.execute(
            f"SELECT {columns} FROM {level.table} WHERE series_id = %s AND bucket <= %s "
            "ORDER BY bucket DESC LIMIT 1",
            [series_id, end - level.width],
        )
        found += [fold_of(row) for row in cursor.fetchall()]
    return max(found, key=lambda made: made.last_ts, default=None)


def read_spans(
    cursor: Any, level: Level, spans: Sequence[Span]
) -> Iterator[tuple[int, int, PartialAggregate]]:
    """Yield (series pk, bucket, summary) of `spans`, in order."""
    columns = ", ".join(f"r.{name}" for name in COLUMNS[:-1])
    for start in range(0, len(spans), _CHUNK):
        chunk = spans[start : start + _CHUNK]
        cursor.execute(
            f"WITH v(s, a, b) AS (VALUES {', '.join(['(%s, %s, %s)'] * len(chunk))}) "
            f"SELECT {columns} FROM v JOIN {level.table} r "
            "ON r.series_id = v.s AND r.bucket >= v.a AND r.bucket < v.b ORDER BY 1, 2",
            [part for span in chunk for part in span],
        )
        for row in cursor.fetchall():
            yield row[0], row[1], fold_of(row[2:])


def forget_minutes(series_id: int, before: int) -> None:
    """Read quarters of a series before a time (µs) as ones that never had minutes.

    Then their minutes can be deleted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {QUARTER_HOUR.table} SET dense = %s "
            "WHERE series_id = %s AND bucket < %s AND dense",
            [False, series_id, before],
        )
