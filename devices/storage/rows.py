"""Rows of readings on their way into the tables: sorted by key, and distinct.

This is the hottest Python after the decoder: rows are plain tuples, sorted once, and
everything that is the same for a series is done once per run of its rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from devices.changelog import spans
from devices.changelog.spans import GAP_US, Span

# What a named tuple's own constructor calls, without its detour.
_new = tuple.__new__


class Row(NamedTuple):
    """One reading; `ts` in µs since 1970 UTC."""

    series_id: int
    ts: int
    value: float | None
    text: str | None


class Run(NamedTuple):
    """The rows of one series: `rows[start:stop]`, sorted by time."""

    device_id: int
    series_id: int
    start: int
    stop: int


# (series pk, ts, number, value, text): a row that came as the `number`th of its batch. Of
# rows with one key the first to come stays.
Numbered = tuple[int, int, int, float | None, str | None]


@dataclass(slots=True)
class Rows:
    """Rows sorted by key and distinct, where each series' are, and as which they came."""

    rows: list[Row] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def without(self, keys: Set[tuple[int, int]]) -> tuple[list[Row], list[Run]]:
        """Return rows and runs without the rows of `keys`, (series pk, ts)."""
        if not keys:
            return self.rows, self.runs
        rows: list[Row] = []
        runs: list[Run] = []
        for device_id, series_id, start, stop in self.runs:
            before = len(rows)
            rows += [row for row in self.rows[start:stop] if (series_id, row.ts) not in keys]
            if len(rows) > before:
                runs.append(Run(device_id, series_id, before, len(rows)))
        return rows, runs

    def numbers_of(self, keys: Set[tuple[int, int]]) -> Iterable[tuple[int, int]]:
        """Yield (number, series pk) of the rows of `keys`."""
        for row, number in zip(self.rows, self.numbers, strict=True):
            if (row.series_id, row.ts) in keys:
                yield number, row.series_id


def distinct(
    raw: list[Numbered], devices: Mapping[int, int], clash: Callable[[int, int], object]
) -> Rows:
    """Return `raw`, which gets sorted, as rows.

    Args:
        raw: in any order.
        devices: the device pk of each series pk.
        clash: called with (number, series pk) of a row whose key came before with another
            value.
    """
    raw.sort()
    made = Rows()
    rows, numbers, runs = made.rows, made.numbers, made.runs
    last_series = last_ts = -1
    start = 0
    for series_id, ts, number, value, text in raw:
        if series_id != last_series:
            if last_series >= 0:
                runs.append(_new(Run, (devices[last_series], last_series, start, len(rows))))
            last_series, start = series_id, len(rows)
        elif ts == last_ts:
            if (value, text) != rows[-1][2:]:
                clash(number, series_id)
            continue
        last_ts = ts
        rows.append(_new(Row, (series_id, ts, value, text)))
        numbers.append(number)
    if last_series >= 0:
        runs.append(_new(Run, (devices[last_series], last_series, start, len(rows))))
    return made


def touched(rows: Sequence[Row], runs: Sequence[Run]) -> bytes:
    """Return the spans of `runs` as the change log packs them."""
    pack = spans.SPAN.pack
    return b"".join(
        [
            pack(series_id, rows[start].ts, rows[stop - 1].ts)
            if rows[stop - 1].ts - rows[start].ts < GAP_US
            else spans.pack(_parts(series_id, rows[start:stop]))
            for _device, series_id, start, stop in runs
        ]
    )


def _parts(series_id: int, rows: Sequence[Row]) -> list[Span]:
    """Return spans without gaps: an old reading beside a new one touches nothing in between."""
    parts: list[Span] = []
    low = high = rows[0].ts
    for row in rows:
        if row.ts - high >= GAP_US:
            parts.append((series_id, low, high))
            low = row.ts
        high = row.ts
    return [*parts, (series_id, low, high)]


def oldest(rows: Sequence[Row], runs: Sequence[Run]) -> int:
    """Return the time of the oldest row (µs), 0 without any; each run is sorted."""
    return min((rows[run.start].ts for run in runs), default=0)
