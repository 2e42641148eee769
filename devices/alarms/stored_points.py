"""The points that a rule reads, out of the history."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from devices.alarms.core.conditions import Point
from devices.alarms.watched import Input
from devices.corrections import kept, kept_of
from devices.queries import Value, shown

# Of one series at most, counted from the newest; what comes later than that changes nothing.
MOST = 300_000
_CHUNK = 200
# No time in the database is later.
LATEST = 2**63 - 1
# A series with its first and its last time, which is in it.
Touched = tuple[int, int, int]


class StoredPoints:
    """Points of one series; of several their values as they were valid at each time."""

    def __init__(
        self, inputs: Sequence[Input], *, is_whole: bool = False, until: int = LATEST
    ) -> None:
        """Prepare.

        Args:
            inputs: the series.
            is_whole: they are those of a device, of which only that they come counts.
            until: later points (µs) are left out.
        """
        self._inputs = inputs
        self._is_whole = is_whole
        self._until = until

    def before(self, ts: int) -> int | None:
        """Return the time of the last point before `ts`."""
        times = [found[0][0] for one in self._inputs if (found := _before(one, ts))]
        return max(times, default=None)

    def newest(self) -> int | None:
        """Return the time of the newest point."""
        return self.before(LATEST)

    def since(self, ts: int) -> Sequence[Point]:
        """Return the points from `ts` on, oldest first, with the one before."""
        parts = [[*_before(one, ts), *_rows_of(one, ts, self._until)] for one in self._inputs]
        if len(parts) == 1:
            return parts[0]
        if self._is_whole:
            return [(time, None) for time in sorted({at for part in parts for at, _value in part})]
        return paired(parts)

    def between(self, start: int, end: int) -> list[Point]:
        """Return the points of the first series from `start` to `end`, both included."""
        return _rows_of(self._inputs[0], start, end)

    def before_of(self, ts: int) -> list[Point]:
        """Return the last point of the first series before `ts`, if there is one."""
        return _before(self._inputs[0], ts)

    def earliest(self) -> int:
        """Return from when on points are looked at."""
        return max((_nth_newest(pk) for pk, _kind in self._inputs), default=0)


def paired(parts: Sequence[Sequence[Point]]) -> list[Point]:
    """Return points with the values of all `parts` as they were valid at each time of any."""
    places = [0] * len(parts)
    values: list[Value] = [None] * len(parts)
    found: list[Point] = []
    for time in sorted({at for part in parts for at, _value in part}):
        for number, part in enumerate(parts):
            while places[number] < len(part) and part[places[number]][0] <= time:
                values[number] = part[places[number]][1]
                places[number] += 1
        found.append((time, tuple(values)))
    return found


def read(spans: Sequence[Touched], kinds: dict[int, str]) -> dict[int, list[Point]]:
    """Return the points of each of `spans` by series, oldest first."""
    found: dict[int, list[Point]] = {}
    for start in range(0, len(spans), _CHUNK):
        part = spans[start : start + _CHUNK]
        marks = ", ".join(["(%s, %s, %s)"] * len(part))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH v(s, a, b) AS (VALUES {marks}) SELECT r.series_id, r.ts, r.value, r.text "
                "FROM v JOIN devices_reading r "
                "ON r.series_id = v.s AND r.ts >= v.a AND r.ts <= v.b "
                f"WHERE {kept_of(span[0] for span in part)} ORDER BY 1, 2",
                [value for span in part for value in span],
            )
            rows: list[Any] = cursor.fetchall()
        for series, ts, value, text in rows:
            found.setdefault(series, []).append((ts, shown(value, text, kinds[series])))
    return found


def count(inputs: Sequence[Input], start: int, end: int, room: int) -> tuple[int, int]:
    """Return how many points there are in a span, and from when on they are no more than `room`."""
    rows, since = 0, start
    each = max(1, room // len(inputs))
    for series, _kind in inputs:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), min(ts) FROM (SELECT ts FROM devices_reading "
                "WHERE series_id = %s AND ts >= %s AND ts <= %s ORDER BY ts DESC LIMIT %s) found",
                [series, start, end, each],
            )
            found, first = cursor.fetchone()
        rows += found
        since = max(since, first) if found == each else since
    return rows, since


def _before(one: Input, ts: int) -> list[Point]:
    return _rows(one, "ts < %s", [ts], "ts DESC LIMIT 1")


def _rows_of(one: Input, start: int, end: int) -> list[Point]:
    return _rows(one, "ts >= %s AND ts <= %s", [start, end], "ts")


def _rows(one: Input, where: str, times: Sequence[int], order: str) -> list[Point]:
    series, kind = one
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s "
            f"AND {where} AND {kept(series)} ORDER BY {order}",
            [series, *times],
        )
        return [(at, shown(value, text, kind)) for at, value, text in cursor.fetchall()]


def _nth_newest(series: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts FROM devices_reading WHERE series_id = %s "
            "ORDER BY ts DESC LIMIT 1 OFFSET %s",
            [series, MOST],
        )
        row = cursor.fetchone()
    return 0 if row is None else int(row[0])
