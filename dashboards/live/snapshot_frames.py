"""Snapshots as frames: columns cut into parts that fit a frame."""

import math
from collections.abc import Iterator
from typing import Any

from dashboards.live.frames import ms
from dashboards.live.snapshots import Ranges, Snapshot
from devices.queries import Columns

PART_POINTS = 2_500


def frames(
    snapshot: Snapshot, sub: int, index: dict[int, int], states: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the `snap` frames of `snapshot`, in parts; `index` numbers the series."""
    pieces = list(_pieces(snapshot.columns)) or [{}]
    for number, piece in enumerate(pieces, 1):
        frame: dict[str, Any] = {
            "t": "snap",
            "id": sub,
            "cursor": str(snapshot.place),
            "mode": "full" if snapshot.ranges is None else "patch",
            "part": number,
            "of": len(pieces),
            "cols": {str(index[pk]): cols for pk, cols in piece.items()},
        }
        if number == 1:
            frame["devices"] = states
            if snapshot.ranges is not None:
                frame["ranges"] = _in_ms(snapshot.ranges, index)
        yield frame


def _in_ms(ranges: Ranges, index: dict[int, int]) -> dict[str, list[list[float]]]:
    return {
        str(index[pk]): [[ms(low), ms(high)] for low, high in spans] for pk, spans in ranges.items()
    }


def _pieces(columns: dict[int, Columns]) -> Iterator[dict[int, dict[str, list[Any]]]]:
    """Cut columns into parts of at most `PART_POINTS` points."""
    piece: dict[int, dict[str, list[Any]]] = {}
    room = PART_POINTS
    for pk, cols in columns.items():
        for number in range(max(1, math.ceil(len(cols.ts) / PART_POINTS))):
            part = slice(number * PART_POINTS, (number + 1) * PART_POINTS)
            size = len(cols.ts[part])
            if size > room and piece:
                yield piece
                piece, room = {}, PART_POINTS
            piece[pk] = _cut(cols, part)
            room -= size
            if room <= 0:
                yield piece
                piece, room = {}, PART_POINTS
    if piece:
        yield piece


def _cut(cols: Columns, part: slice) -> dict[str, list[Any]]:
    cut: dict[str, list[Any]] = {
        "ts": [ms(ts) for ts in cols.ts[part]],
        "value": list(cols.value[part]),
    }
    if cols.low or cols.high:
        cut |= {"min": cols.low[part], "max": cols.high[part], "mean": cols.mean[part]}
    return cut
