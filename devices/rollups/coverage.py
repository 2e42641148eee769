"""Which spans rollups answer for exactly, and which need the readings themselves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db import connection

from devices.background import leases
from devices.changelog import changes
from devices.changelog.changes import Cursor
from devices.rollups import CONSUMER
from devices.rollups.levels import HOUR, LEVELS, MINUTE, QUARTER_HOUR, Level

# Late changes that a read looks through; beyond them it takes the readings.
LATE = 500
# Spans (from, to) in µs; `to` is not in them.
Span = tuple[int, int]
# Where to read a span: a level, or None for the readings.
Piece = tuple[Level | None, int, int]


class Kept(Protocol):
    """A series, and since when there are readings and quarters of it (µs)."""

    @property
    def pk(self) -> int:
        """Return its key."""
        ...

    @property
    def raw_since(self) -> int:
        """Return before when its readings were removed."""
        ...

    @property
    def quarters_since(self) -> int:
        """Return before when its quarters were removed, too."""
        ...


@dataclass(slots=True)
class Exact:
    """What rollups answer for in one snapshot of the database; made by `exact`."""

    # Quarters that end by then are summed up, unless they are dirty.
    until: int = 0
    # Spans by series that changed since the roller's position.
    late: dict[int, list[Span]] = field(default_factory=dict)

    def pieces(self, series: Kept, start: int, end: int, edges: Iterable[int]) -> list[Piece]:
        """Cut start..end into pieces, in order, each to be read from one table.

        What retention has left sums alone of is read from them, whatever the edges.

        Args:
            series: the series.
            start: of the span, in µs.
            end: of the span, in µs, which it does not include.
            edges: of what is to be made of it, in µs: levels with a bucket across one of
                them are not used. For bins, their width will do.
        """
        edges = list(edges)
        levels = [level for level in LEVELS if all(edge % level.width == 0 for edge in edges)]
        thinned = _joined(_thinned(series, start, min(end, series.raw_since), levels))
        start = max(start, min(end, series.raw_since))
        until = min(end, self.until)
        if not levels or start >= until:
            return [*thinned, (None, start, end)] if start < end else thinned
        changed = _merged([*self.late.get(series.pk, ()), *_dirty(series.pk, start, until)])
        cut = _joined(_cut(_Series(series.pk, until, changed), start, end, levels))
        return [*thinned, *cut]


@dataclass(slots=True)
class _Series:
    pk: int
    until: int
    changed: list[Span]


def exact() -> Exact:
    """Return what rollups answer for, as of the running snapshot."""
    state = leases.state(CONSUMER)
    if not state or state["backfill"] is not None:
        return Exact()
    until = state["until"]
    position: Cursor = state["position"]
    found = changes.older_than(position, until, LATE)
    late: dict[int, list[Span]] = {}
    for change in found:
        for series_id, low, high in change.spans:
            late.setdefault(series_id, []).append((low, high + 1))
    if len(found) >= LATE:
        return Exact(min(until, QUARTER_HOUR.floor(changes.oldest_after(position))))
    return Exact(until, late)


def _thinned(series: Kept, start: int, end: int, levels: Sequence[Level]) -> Iterator[Piece]:
    """Cut a span whose readings were removed."""
    hours = min(end, series.quarters_since)
    if start < hours:
        yield HOUR, start, hours
    if max(start, hours) < end:
        wide = [level for level in levels if level is HOUR]
        yield from _cut(_Series(series.pk, end, []), max(start, hours), end, [*wide, QUARTER_HOUR])


def _dirty(series_id: int, start: int, end: int) -> Iterator[Span]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket FROM devices_dirty WHERE series_id = %s AND bucket > %s "
            "AND bucket < %s ORDER BY bucket",
            [series_id, start - QUARTER_HOUR.width, end],
        )
        for (bucket,) in cursor.fetchall():
            yield bucket, bucket + QUARTER_HOUR.width


def _cut(series: _Series, start: int, end: int, levels: Sequence[Level]) -> Iterator[Piece]:
    """Take what the first of `levels` answers for, and leave the rest to finer ones."""
    if start >= end:
        return
    if not levels:
        yield None, start, end
        return
    level, finer = levels[0], levels[1:]
    low, high = -(-start // level.width) * level.width, level.floor(min(end, series.until))
    if low >= high:
        yield from _cut(series, start, end, finer)
        return
    yield from _cut(series, start, low, finer)
    at = low
    for bad_start, bad_end in _bad(series, level, low, high):
        if at < bad_start:
            yield level, at, bad_start
        yield from _cut(series, bad_start, bad_end, finer)
        at = bad_end
    if at < high:
        yield level, at, high
    yield from _cut(series, high, end, finer)


def _bad(series: _Series, level: Level, low: int, high: int) -> list[Span]:
    """Return where `level` does not answer between low and high, widened to its buckets."""
    spans = list(series.changed)
    if level is MINUTE:
        spans += _sparse(series.pk, low, high)
    widened = [
        (max(low, level.floor(start)), min(high, level.floor(end - 1) + level.width))
        for start, end in spans
        if end > low and start < high
    ]
    return _merged(widened)


def _sparse(series_id: int, low: int, high: int) -> list[Span]:
    """Return the quarters that keep no minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT bucket FROM {QUARTER_HOUR.table} WHERE series_id = %s AND bucket >= %s "
            "AND bucket < %s AND NOT dense ORDER BY bucket",
            [series_id, QUARTER_HOUR.floor(low), high],
        )
        return [(bucket, bucket + QUARTER_HOUR.width) for (bucket,) in cursor.fetchall()]


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return the union of `spans`, sorted."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    """Join neighbours that are read from the same table."""
    joined: list[Piece] = []
    for level, start, end in pieces:
        if joined and joined[-1][0] is level and joined[-1][2] == start:
            joined[-1] = (level, joined[-1][1], end)
        else:
            joined.append((level, start, end))
    return joined
