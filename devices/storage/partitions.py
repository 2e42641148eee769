"""Partitions of devices_reading on PostgreSQL, made and dropped.

One for each week of the last year and of what is ahead; of older times one for each year, as
far as no partition is there yet. So a device that sends a value of each week since 2000 makes
26 of them, not 1,400: a statement that reads all times locks each partition and its index.
"""

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import Error, connection

from devices.timestamps import WEEK_US, moment, week_start

# So many weeks before the running one have a partition each.
WEEKLY = 52

_PARTS = (
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i "
    "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'devices_reading'::regclass "
    "AND c.relispartition"
)
_BOUNDS = re.compile(r"FROM \('(-?\d+)'\) TO \('(-?\d+)'\)")


class Part(NamedTuple):
    """The times that one partition takes: start <= ts < end, in µs; both begin a week."""

    start: int
    end: int


def weeks_of(times: Iterable[int]) -> set[int]:
    """Return the week starts that cover `times`."""
    return {week_start(ts) for ts in times}


def part_for(week: int, there: Sequence[Part], now: int) -> Part:
    """Return the partition to make for `week`, which is in none of those that are `there`.

    Args:
        week: its start in µs.
        there: what is there, sorted.
        now: in µs.
    """
    recent = week_start(now) - WEEKLY * WEEK_US
    if week >= recent:
        return Part(week, week + WEEK_US)
    year = moment(week).isocalendar().year
    start, end = _new_year(year), min(_new_year(year + 1), recent)
    place = bisect_right(there, (week,))
    if place:
        start = max(start, there[place - 1].end)
    if place < len(there):
        end = min(end, there[place].start)
    return Part(start, end)


def _new_year(year: int) -> int:
    """Return the start (µs) of the first week of an ISO year."""
    first = datetime.fromisocalendar(year, 1, 1).replace(tzinfo=UTC)
    return int(first.timestamp()) * 1_000_000


def name_of(part: Part) -> str:
    """Return the partition's table name: devices_reading_2026w47, devices_reading_2009w01to53."""
    year, first, _day = moment(part.start).isocalendar()
    _year, last, _day = moment(part.end - 1).isocalendar()
    return f"devices_reading_{year}w{first:02d}" + (f"to{last:02d}" if last != first else "")


def cover(cursor: Any, wanted: Iterable[int], now: Callable[[], int] = time.time_ns) -> None:
    """Create partitions for the weeks that begin at `wanted`, where there are none.

    Args:
        cursor: of a connection that is in no transaction.
        wanted: week starts in µs.
        now: the time in ns.
    """
    there = parts(cursor)
    for week in sorted(wanted):
        if not _covers(there, week):
            there = _create(cursor, part_for(week, there, now() // 1_000), week)


def _covers(there: Sequence[Part], week: int) -> bool:
    place = bisect_right(there, (week, float("inf")))
    return place > 0 and week < there[place - 1].end


def _create(cursor: Any, part: Part, week: int) -> list[Part]:
    """Create `part`; return what is there then.

    Made beside the table and attached, which does not lock out readers; two workers may try
    at once, and by clocks that differ.
    """
    name = name_of(part)
    try:
        cursor.execute(
            f"CREATE TABLE {name} (LIKE devices_reading INCLUDING ALL); "
            f"ALTER TABLE devices_reading ATTACH PARTITION {name} "
            f"FOR VALUES FROM ({part.start}) TO ({part.end})"
        )
    except Error:
        if not _covers(parts(cursor), week):
            raise
    return parts(cursor)


def parts(cursor: Any) -> list[Part]:
    """Return what is there, sorted."""
    return sorted(part for part, _name in _named(cursor))


def ends() -> list[tuple[int, str]]:
    """Return (end in µs, table) of every partition there is, the oldest first."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        return sorted((part.end, name) for part, name in _named(cursor))


def end_of(ts: int) -> int:
    """Return the end (µs) of the partition that `ts` lies in; of its week where there is none."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for part in parts(cursor):
                if part.start <= ts < part.end:
                    return part.end
    return week_start(ts) + WEEK_US


def _named(cursor: Any) -> list[tuple[Part, str]]:
    cursor.execute(_PARTS)
    found = [(_BOUNDS.search(bounds), name) for name, bounds in cursor.fetchall()]
    return [(Part(int(match[1]), int(match[2])), name) for match, name in found if match]


def lock(cursor: Any) -> None:
    """Have everybody else wait who reads or writes readings, until the transaction ends."""
    cursor.execute("LOCK TABLE ONLY devices_reading IN ACCESS EXCLUSIVE MODE")


def drop(cursor: Any, name: str) -> None:
    """Drop the partition `name` with all it holds."""
    cursor.execute(f"DROP TABLE {name}")


def rewrite(cursor: Any, name: str) -> None:
    """Give back the room of deleted rows: what is left of the partition is written anew."""
    cursor.execute(f"VACUUM FULL {name}")
