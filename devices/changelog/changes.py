"""Reading the change log: what was stored after a position."""

import sys
from collections.abc import Container
from dataclasses import dataclass
from itertools import pairwise

from django.db import connection

from devices.changelog import spans as packing
from devices.changelog.spans import Span

# The sequence of every writer: a position in the change log.
Cursor = dict[str, int]
# Batches of one writer that one call returns.
LIMIT = 2_000
# The writer whose sequence rises when the database went back: see `devices.storage.restored`.
RESTORED = "restored"
# More batches, or more bytes of spans, than `missed` reads.
MISSED_BATCHES = 10_000
MISSED_BYTES = 4_000_000
# Each is read by itself.
MISSED_SPANS = 4


@dataclass(frozen=True, slots=True)
class Touched:
    """One committed batch."""

    writer: str
    seq: int
    packed: bytes

    @property
    def spans(self) -> list[Span]:
        """Return (series pk, ts_min, ts_max) of what it touched; unpacked it is large."""
        return packing.unpack(self.packed)


def newest() -> Cursor:
    """Return the sequence of every writer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, seq FROM devices_writer")
        return dict(cursor.fetchall())


def oldest_after(position: Cursor) -> int:
    """Return the oldest time (µs) that batches after `position` touched; 0 where there is none."""
    found: list[int] = []
    with connection.cursor() as cursor:
        for writer in newest():
            cursor.execute(
                "SELECT min(oldest) FROM devices_change WHERE writer = %s AND seq > %s",
                [writer, position.get(writer, 0)],
            )
            found += [oldest for (oldest,) in cursor.fetchall() if oldest is not None]
    return min(found, default=0)


def older_than(position: Cursor, ts: int, limit: int) -> list[Touched]:
    """Return batches after `position` that touched something before `ts`, at most `limit`."""
    found: list[Touched] = []
    with connection.cursor() as cursor:
        for writer, seq in newest().items():
            if seq <= position.get(writer, 0):
                continue
            cursor.execute(
                "SELECT seq, touched FROM devices_change WHERE writer = %s AND seq > %s "
                "AND oldest < %s ORDER BY seq LIMIT %s",
                [writer, position.get(writer, 0), ts, limit - len(found)],
            )
            found += _touched(writer, cursor.fetchall())
    return found


def _touched(writer: str, rows: list[tuple[int, bytes]]) -> list[Touched]:
    return [Touched(writer, seq, bytes(touched)) for seq, touched in rows]


def since(position: Cursor, limit: int = LIMIT, room: int = sys.maxsize) -> list[Touched]:
    """Return batches after `position`, in order.

    Of each writer at most `limit`, and no more than about `room` bytes of spans.
    """
    found: list[Touched] = []
    with connection.cursor() as cursor:
        for writer, seq in position.items():
            cursor.execute(
                "SELECT seq, length(touched) FROM devices_change WHERE writer = %s AND seq > %s "
                "ORDER BY seq LIMIT %s",
                [writer, seq, limit],
            )
            last, left = seq, room
            for number, size in cursor.fetchall():
                if left <= 0:
                    break
                last, left = number, left - size
            if last > seq:
                cursor.execute(
                    "SELECT seq, touched FROM devices_change WHERE writer = %s AND seq > %s "
                    "AND seq <= %s ORDER BY seq",
                    [writer, seq, last],
                )
                found += _touched(writer, cursor.fetchall())
    return found


def missed(
    position: Cursor, newest: Cursor, series: Container[int]
) -> dict[int, list[tuple[int, int]]] | None:
    """Return the spans of `series` (pks) that batches after `position` touched.

    Args:
        position: of somebody who saw everything up to it.
        newest: the position of the running snapshot.
        series: whose spans are wanted.

    Returns:
        By series pk a few (ts_min, ts_max), not overlapping, in order. None where that
        cannot be told: `position` lies ahead of `newest` (an older state was
        restored), or there is too much to read.
    """
    behind = {name: position.get(name, 0) for name in newest}
    if went_back(position, newest) or sum(newest.values()) - sum(behind.values()) > MISSED_BATCHES:
        return None
    behind = {name: seq for name, seq in behind.items() if seq < newest[name]}
    if sum(_size_after(name, seq) for name, seq in behind.items()) > MISSED_BYTES:
        return None
    found: dict[int, list[tuple[int, int]]] = {}
    for touched in since(behind, MISSED_BATCHES):
        for pk, low, high in touched.spans:
            if pk in series:
                found.setdefault(pk, []).append((low, high))
    return {pk: _merged(spans) for pk, spans in found.items()}


def went_back(position: Cursor, newest: Cursor) -> bool:
    """Return whether the database is in an older state than when it was at `position`."""
    if newest.get(RESTORED, 0) != position.get(RESTORED, 0):
        return True
    return any(newest.get(name, 0) < seq for name, seq in position.items())


def _size_after(writer: str, seq: int) -> int:
    """Return how many bytes of spans `writer` has logged after `seq`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(length(touched)), 0) FROM devices_change "
            "WHERE writer = %s AND seq > %s",
            [writer, seq],
        )
        return int(cursor.fetchone()[0])


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return `spans` in order as at most `MISSED_SPANS`: those that are closest become one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    gaps = sorted(range(1, len(merged)), key=lambda at: merged[at][0] - merged[at - 1][1])
    ends = sorted([0, len(merged), *gaps[max(0, len(gaps) - MISSED_SPANS + 1) :]])
    return [(merged[a][0], merged[b - 1][1]) for a, b in pairwise(ends)]
