"""The only reads of readings: one truth for pages, API and socket.

Times are µs since 1970 UTC; results are columns, not objects.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import local
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Max, QuerySet

from devices.changelog import changes
from devices.changelog.changes import Cursor
from devices.corrections import kept
from devices.models import Device, Kind, Series, Writer
from devices.models.log import SLOT_PREFIX
from devices.queries.cancellation import has_left, stoppable
from devices.rollups.coverage import Exact, exact
from devices.rollups.levels import HOUR, QUARTER, Level, last_before

# What JSON has for a reading.
Value = float | bool | str | None
# A time in µs and its value.
Point = tuple[int, Value]
# (start of the bin, last, min, max, n, mean); the mean is of numbers, of booleans the share of
# true ones, and None where there are none.
Bin = tuple[int, Value, float | None, float | None, int, float | None]

SECOND = 1_000_000
# No time in the database is later.
_ALL = 2**63 - 1
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


# No statement of a read takes longer.
READ_SECONDS = 10
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


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """A series with its device, as frames and answers name them."""

    pk: int
    device_id: int
    device_key: str
    metric: str
    unit: str
    kind: str
    # Before these times (µs) retention has left sums alone, and of them hours alone.
    raw_since: int = 0
    quarters_since: int = 0

    @property
    def key(self) -> str:
        """Return the live key, `{device key}/{metric}`."""
        return f"{self.device_key}/{self.metric}"

    def least_width(self, start: int) -> int:
        """Return the width in µs of the narrowest bins that there are from `start` on."""
        if start >= self.raw_since:
            return 0
        return QUARTER.width if start >= self.quarters_since else HOUR.width


@dataclass(slots=True)
class Columns:
    """A window of one series. `low` and `high` are filled where there are bins."""

    ts: list[int] = field(default_factory=list)
    value: list[Value] = field(default_factory=list)
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)
    mean: list[float | None] = field(default_factory=list)


# A bin while it is put together: its sum and how many numbers that is of, in place of its mean.
Part = tuple[int, Value, float | None, float | None, int, float | None, int]


def mean_of(total: float | None, numbers: int) -> float | None:
    """Return a mean without the digits in which sums of another order differ."""
    if total is None or numbers < 2:
        return total
    return float(f"{total / numbers:.12g}")


def _texts_sql() -> str:
    """Return SQL for how many readings of a bucket are texts, which have no mean."""
    if connection.vendor == "postgresql":
        # Its JSON functions refuse the NUL in the names beside it (`tables.FIRST`).
        return r"coalesce(substring(texts from '^\[\s*(\d+)')::bigint, 0)"
    return "coalesce(json_extract(texts, '$[0]'), 0)"


def shown(value: float | None, text: str | None, kind: str) -> Value:
    """Return a stored value as JSON has it: booleans as such, text where there is no value."""
    if value is None:
        return text
    return bool(value) if kind == Kind.BOOLEAN else value


def find_series(devices: QuerySet[Device], keys: Sequence[str]) -> dict[str, list[SeriesInfo]]:
    """Return the series that each of `keys` names, of `devices` alone.

    A key is `{device key}/{metric}`, the metric `*` standing for all. A key
    that names nothing here (or nothing this person may see) is not in the result;
    a device without series yet is there, empty.
    """
    parts = {key: key.partition("/")[::2] for key in keys}
    wanted = devices.filter(key__in={device for device, _metric in parts.values()})
    known = dict(wanted.values_list("key", "pk"))
    by_device: dict[str, dict[str, SeriesInfo]] = {key: {} for key in known}
    for info in series_of(list(known.values())):
        by_device[info.device_key][info.metric] = info
    found: dict[str, list[SeriesInfo]] = {}
    for key, (device, metric) in parts.items():
        if metric == "*" and device in by_device:
            found[key] = list(by_device[device].values())
        elif metric in by_device.get(device, {}):
            found[key] = [by_device[device][metric]]
    return found


def series_of(device_ids: Sequence[int]) -> list[SeriesInfo]:
    """Return every series of these devices, by device and metric."""
    return _infos(Series.objects.filter(device_id__in=device_ids))


def series_in(devices: QuerySet[Device]) -> list[SeriesInfo]:
    """Return every series of `devices`, by device and metric."""
    return _infos(Series.objects.filter(device__in=devices))


def infos_of(series: Sequence[int]) -> list[SeriesInfo]:
    """Return those of `series` (pks) that exist, by device and metric."""
    return _infos(Series.objects.filter(pk__in=series))


def _infos(found: QuerySet[Series]) -> list[SeriesInfo]:
    rows = found.order_by("device__key", "metric").values_list(
        *("pk", "device_id", "device__key", "metric", "unit", "kind"),
        *("raw_since", "quarters_since"),
    )
    return [SeriesInfo(*row) for row in rows]


def first_of(series: Sequence[int]) -> int | None:
    """Return when the first of `series` (pks) begins, by readings and their sums; None: nowhere.

    One index descent a series.
    """
    found: list[int] = []
    with connection.cursor() as cursor:
        for start in range(0, len(series), 500):
            chunk = list(series[start : start + 500])
            marks = ", ".join(["(%s)"] * len(chunk))
            for table, column in (("devices_reading", "ts"), (HOUR.table, "bucket")):
                cursor.execute(
                    f"WITH v(s) AS (VALUES {marks}) SELECT min(first) FROM (SELECT "
                    f"(SELECT {column} FROM {table} r WHERE r.series_id = v.s "
                    f"ORDER BY {column} LIMIT 1) AS first FROM v) f",
                    chunk,
                )
                found += [first for (first,) in cursor.fetchall() if first is not None]
    return min(found, default=None)


def newest_series() -> int:
    """Return the pk of the youngest series, 0 where there is none."""
    return Series.objects.aggregate(newest=Max("pk"))["newest"] or 0


def devices_of(series: Sequence[int]) -> dict[int, int]:
    """Return the device pk of each of `series` (pks) that exists."""
    found = Series.objects.filter(pk__in=series).values_list("pk", "device_id")
    return dict(found.iterator(chunk_size=2_000))


class QueryTooLong(Exception):
    """A read was stopped, for the good of everybody else: it took too long."""


@contextmanager
def read_snapshot() -> Iterator[Cursor]:
    """Read within one snapshot of the database; yields the cursor that goes with it.

    REPEATABLE READ on PostgreSQL, a deferred read transaction on SQLite. The
    cursor is the sequence of every writer: rows of later batches are not seen.

    Raises:
        QueryTooLong: a statement took over `READ_SECONDS`, or nobody waits for it any more
            (`devices.queries.cancellation`); the database was told to stop.
    """
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic(), _remembering(), stoppable():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                        f"SET LOCAL statement_timeout = '{READ_SECONDS}s'"
                    )
                yield read_cursor()
            return
        with _bounded(), _remembering(), stoppable(), connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield read_cursor()
            finally:
                cursor.execute("ROLLBACK")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014" or str(error) == "interrupted":
            raise QueryTooLong(
                f"reading took over {READ_SECONDS} s; ask for a shorter span, or fewer series"
            ) from error
        raise


_snapshot = local()


def rolled_up() -> Exact:
    """Return what rollups answer for; looked up once within a `read_snapshot`."""
    found: Exact | None = getattr(_snapshot, "rolled", None)
    if found is None:
        found = exact()
        if getattr(_snapshot, "running", False):
            _snapshot.rolled = found
    return found


@contextmanager
def _remembering() -> Iterator[None]:
    _snapshot.running = True
    try:
        yield
    finally:
        _snapshot.running, _snapshot.rolled = False, None


@contextmanager
def _bounded() -> Iterator[None]:
    """Have SQLite stop statements that take too long."""
    connection.ensure_connection()
    link = connection.connection
    until = time.monotonic() + READ_SECONDS
    link.set_progress_handler(lambda: time.monotonic() > until or has_left(), 100_000)
    try:
        yield
    finally:
        link.set_progress_handler(None, 0)


def read_cursor() -> Cursor:
    """Return the sequence of every writer."""
    return changes.newest()


def latest(series: Iterable[SeriesInfo]) -> dict[int, Point]:
    """Return the newest reading of each series that has one, by series pk; none is later than now.

    Where it is marked and retention has left sums alone of those before, theirs.
    """
    infos = {info.pk: info for info in series}
    kinds = {pk: info.kind for pk, info in infos.items()}
    rows = _fetch(
        "SELECT series_id, ts, value, text FROM devices_latest WHERE series_id", list(kinds)
    )
    found = {pk: (ts, shown(value, text, kinds[pk])) for pk, ts, value, text in rows}
    hidden = _fetch(
        "SELECT l.series_id FROM devices_correction c JOIN devices_latest l "
        "ON l.series_id = c.series_id AND l.ts >= c.since AND l.ts <= c.until "
        "WHERE c.undone_at IS NULL AND l.series_id",
        list(found),
    )
    newest = max((ts for ts, _value in found.values()), default=0)
    now = now_us() if newest > time.time_ns() // 1_000 else newest
    ahead = {pk for pk, (ts, _value) in found.items() if ts > now}
    for pk in ahead.union(*hidden):
        del found[pk]
        for point in _newest(pk, kinds[pk], 1, now) or _last_summed_up(infos[pk]):
            found[pk] = point
    return found


def now_us() -> int:
    """Return now in µs, by the clocks of the devices where they agree that ours is behind."""
    return time.time_ns() // 1_000 + clocks_ahead_us()


def clocks_ahead_us() -> int:
    """Return by how much the clocks of the devices are ahead of ours, if they agree; else 0."""
    slots = [f"{SLOT_PREFIX}{number}" for number in range(settings.MQTT_SLOTS)]
    ahead = Writer.objects.filter(name__in=slots).aggregate(most=Max("clocks_ahead"))["most"]
    return ahead or 0


def _last_summed_up(info: SeriesInfo) -> list[Point]:
    """Return the last reading that sums tell of, of those that are gone; empty where none is."""
    if not info.raw_since:
        return []
    with connection.cursor() as cursor:
        made = last_before(cursor, info.pk, info.raw_since)
    if made is None:
        return []
    return [(made.last_ts, shown(made.last, made.last_text, info.kind))]


def _fetch(sql: str, ids: Sequence[int]) -> list[Any]:
    """Run `sql`, which ends in the column that is to be one of `ids`."""
    found: list[Any] = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{sql} = ANY(%s)", [list(ids)])
            return list(cursor.fetchall())
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            cursor.execute(f"{sql} IN ({', '.join(['%s'] * len(chunk))})", chunk)
            found += cursor.fetchall()
    return found


def width_for(span: int, points: int) -> int:
    """Return the smallest width with which `span` has at most `points` aligned bins."""
    for width in BIN_WIDTHS:
        # A span that is not aligned itself touches one bin more.
        if span // width + 2 <= max(points, 2) or width == BIN_WIDTHS[-1]:
            return width
    return BIN_WIDTHS[-1]


def count_rows(series_id: int, start: int, end: int, limit: int) -> int:
    """Count rows with start <= ts <= end, looking at no more than `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM devices_reading r WHERE series_id = %s "
            f"AND ts >= %s AND ts <= %s AND {kept(series_id)} LIMIT %s) found",
            [series_id, start, end, limit],
        )
        return int(cursor.fetchone()[0])


def rows(info: SeriesInfo, start: int, end: int, limit: int) -> list[Point]:
    """Return the stored rows with start <= ts <= end, oldest first, at most `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s "
            f"AND ts >= %s AND ts <= %s AND {kept(info.pk)} ORDER BY ts LIMIT %s",
            [info.pk, start, end, limit],
        )
        return [(ts, shown(value, text, info.kind)) for ts, value, text in cursor.fetchall()]


def newest_rows(info: SeriesInfo, limit: int) -> list[Point]:
    """Return the newest rows, newest first."""
    return _newest(info.pk, info.kind, limit)


def _newest(series_id: int, kind: str, limit: int, until: int = _ALL) -> list[Point]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, text FROM devices_reading r WHERE series_id = %s AND ts <= %s "
            f"AND {kept(series_id)} ORDER BY ts DESC LIMIT %s",
            [series_id, until, limit],
        )
        return [(ts, shown(value, text, kind)) for ts, value, text in cursor.fetchall()]


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
