"""Tables of stored readings, and of their sums, with all digits that there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dashboards.presentation import units
from devices import queries
from devices.models import Series
from devices.queries import SeriesInfo, calendars
from devices.queries.aggregates import Aggregate, aggregates

# Rows of a page, and columns; buckets of a page.
ROWS, MOST_COLUMNS, BUCKETS = 200, 12, 62
# About so long is a bucket, in µs.
_LENGTHS = {"hour": 3_600e6, "day": 86_400e6, "week": 604_800e6, "month": 2_678_400e6}


@dataclass(slots=True)
class Table:
    """Readings by their time.

    Args:
        rows: (time in µs, a text for each column), newest first.
        earlier: until when (µs) the next page goes; None: there is none.
    """

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    earlier: int | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What happened to a series within a bucket, in words."""

    start: int
    count: int
    least: str
    mean: str
    most: str
    last: str
    increase: str


@dataclass(slots=True)
class Sums:
    """The buckets of one series, newest first; `earlier`: until when (µs) the next page goes."""

    info: SeriesInfo
    unit: str
    # Whether it is a meter's, which only rises.
    counts_up: bool
    rows: list[Sum]
    earlier: int | None = None


def readings(infos: Sequence[SeriesInfo], until: int) -> Table:
    """Return the newest rows of several series up to `until` (µs), one below the other by time."""
    cells: dict[int, dict[int, str]] = {}
    full = 0
    for column, info in enumerate(infos):
        how = units.shown(info)
        points = queries.newest_rows(info, ROWS, until)
        queries.take_rows(len(points))
        # Before the last of a full page there may be more of this one.
        full = max(full, points[-1][0] if len(points) == ROWS else 0)
        for ts, value in points:
            cells.setdefault(ts, {})[column] = how.exact(value)
    times = sorted((ts for ts in cells if ts >= full), reverse=True)
    rows = [
        (ts, [cells[ts].get(column, "") for column in range(len(infos))]) for ts in times[:ROWS]
    ]
    is_more = bool(rows) and (full > 0 or len(times) > ROWS)
    return Table(rows, rows[-1][0] - 1 if is_more else None)


def sums(infos: Sequence[SeriesInfo], bucket: str, zone: str, until: int) -> list[Sums]:
    """Return each series by buckets of a calendar that end by `until` (µs)."""
    try:
        chosen = calendars.zone_of(zone)
    except ValueError:
        chosen = ZoneInfo("UTC")
    start = max(0, round(until - BUCKETS // max(1, len(infos)) * _LENGTHS[bucket]))
    edges = calendars.edges(start, until, bucket, chosen, 4 * BUCKETS)
    now = queries.now_us()
    pks = [info.pk for info in infos]
    meters = set(Series.objects.filter(pk__in=pks, counts_up=True).values_list("pk", flat=True))
    with queries.read_snapshot():
        return [
            _sums(info, aggregates(info, edges, now), edges[0], counts_up=info.pk in meters)
            for info in infos
        ]


def _sums(info: SeriesInfo, found: Sequence[Aggregate], first: int, *, counts_up: bool) -> Sums:
    how = units.shown(info)
    queries.take_rows(len(found))
    rows = [
        Sum(
            part.start,
            part.count,
            least=how.text(part.low),
            mean=how.text(part.mean),
            most=how.text(part.high),
            last=how.text(part.last),
            increase=how.difference(part.increase),
        )
        for part in reversed(found)
        if part.count
    ]
    return Sums(info, how.unit, counts_up, rows, first - 1 if first > 0 else None)
