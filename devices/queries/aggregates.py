"""What happened within each of a row of buckets: how much, how far, how long in which state."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from devices.corrections import kept
from devices.queries import SeriesInfo, rolled_up, shown
from devices.rollups import levels, minute_aggregates
from devices.rollups.coverage import Exact
from devices.rollups.levels import MINUTE, Level
from devices.rollups.partial_aggregate import PartialAggregate, fold

Value = float | bool | str | None


@dataclass(slots=True)
class Aggregate:
    """One bucket of one series; times in µs since 1970 UTC.

    `increase` is by how much a counter grew since the last number before the bucket; see
    `devices.rollups.partial_aggregate.growth` for what is a reset. `seconds` tells for how
    long each state (of a boolean or a text) held, from the last reading before the bucket to
    its end, or to now.
    """

    start: int
    end: int
    count: int = 0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    first: Value = None
    last: Value = None
    increase: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def aggregates(info: SeriesInfo, edges: Sequence[int], now: int) -> list[Aggregate]:
    """Return what happened to `info` within each bucket.

    Args:
        info: the series.
        edges: where the buckets begin, and where the last one ends; in µs, sorted.
        now: in µs; no state holds for longer.
    """
    found: list[Aggregate] = []
    before = _before(info, edges[0])
    for number, inside in enumerate(_folds(info, edges, rolled_up())):
        start, end = edges[number], edges[number + 1]
        made = _made(info, start, end, inside)
        whole = _carried(before, start)
        whole.join(inside)
        if inside.count > inside.texts:
            made.increase = whole.rise
        if whole.count and start < now:
            whole.hold_until(min(end, now))
            made.seconds = _seconds(info, whole)
        found.append(made)
        if inside.count:
            before = _with_number(inside, before.last_number)
    return found


def value_at(info: SeriesInfo, ts: int) -> tuple[int, Value] | None:
    """Return time (µs) and value of the last reading of `info` at or before `ts` (µs)."""
    found = _before(info, ts + 1)
    if not found.count:
        return None
    return found.last_ts, shown(found.last, found.last_text, info.kind)


def _carried(before: PartialAggregate, start: int) -> PartialAggregate:
    """Return the last value of `before` as if it were read at `start`."""
    if not before.count:
        return PartialAggregate()
    made = fold([(max(start, before.last_ts), before.last, before.last_text)])
    return _with_number(made, before.last_number)


def _with_number(made: PartialAggregate, number: float | None) -> PartialAggregate:
    """Let a counter go on from `number` where `made` holds none itself."""
    if made.last_number is None:
        made.first_number = made.last_number = number
    return made


def _made(info: SeriesInfo, start: int, end: int, inside: PartialAggregate) -> Aggregate:
    return Aggregate(
        start,
        end,
        inside.count,
        inside.low,
        inside.high,
        inside.mean,
        shown(inside.first, inside.first_text, info.kind),
        shown(inside.last, inside.last_text, info.kind),
    )


def _seconds(info: SeriesInfo, whole: PartialAggregate) -> dict[str, float]:
    if info.kind == "number":
        return {}
    held = {state: micros / 1e6 for state, micros in whole.held.items()}
    if info.kind == "boolean":
        total = (whole.last_ts - whole.first_ts) / 1e6
        on = whole.area / 1e6
        held |= {"true": on, "false": total - on - sum(held.values())}
    return held


def _before(info: SeriesInfo, start: int) -> PartialAggregate:
    """Return the last reading before `start`; where it was removed, as its sum knows it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s AND ts < %s "
            f"AND {kept(info.pk)} ORDER BY ts DESC LIMIT 1",
            [info.pk, start],
        )
        found = fold(cursor.fetchall())
        if found.count and found.last is None and info.kind == "number":
            return _with_number(found, _number_before(cursor, info.pk, start))
        if found.count or not info.raw_since:
            return found
        last = levels.last_before(cursor, info.pk, min(start, info.raw_since))
    return _carried(last, last.last_ts) if last else found


def _number_before(cursor: Any, series_id: int, start: int) -> float | None:
    """Return the last number before `start`, whatever texts came after it."""
    cursor.execute(
        "SELECT value FROM devices_reading r WHERE series_id = %s AND ts < %s "
        f"AND value IS NOT NULL AND {kept(series_id)} ORDER BY ts DESC LIMIT 1",
        [series_id, start],
    )
    row = cursor.fetchone()
    return row[0] if row else None


def _folds(info: SeriesInfo, edges: Sequence[int], rolled: Exact) -> list[PartialAggregate]:
    made = [PartialAggregate() for _ in edges[1:]]
    for level, start, end in rolled.pieces(info, edges[0], edges[-1], edges):
        for ts, part in _read(info.pk, level, start, end, edges):
            made[bisect_right(edges, ts) - 1].join(part)
    return made


def _read(
    series_id: int, level: Level | None, start: int, end: int, edges: Sequence[int]
) -> list[tuple[int, PartialAggregate]]:
    """Return (a time within its bucket, summary), in order."""
    with connection.cursor() as cursor:
        if level is not None:
            return levels.read(cursor, level, series_id, start, end)
        if all(edge % MINUTE.width == 0 for edge in edges):
            return [
                (minute, part)
                for (_pk, minute), part in minute_aggregates.read([(series_id, start, end)])
            ]
        # Zones whose clocks were not set to minutes: before they were.
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s "
            f"AND ts >= %s AND ts < %s AND {kept(series_id)} ORDER BY ts",
            [series_id, start, end],
        )
        rows: list[Any] = cursor.fetchall()
        return [(row[0], fold([row])) for row in rows]
