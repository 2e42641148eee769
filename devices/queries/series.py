"""Series with their devices, by key or pk."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F, Max, QuerySet, Window
from django.db.models.functions import RowNumber

from devices.access import Scope
from devices.models import Device, Series
from devices.rollups.levels import HOUR, QUARTER_HOUR

# How the series of one device follow each other: as somebody ordered them, then by name.
IN_ORDER = (F("position").asc(nulls_last=True), "metric")


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
    label: str = ""
    decimals: int | None = None
    hidden: bool = False
    # What everybody sees it in; empty: `unit`.
    shown_unit: str = ""
    # What fits the values lately, see `devices.monitoring.scales`.
    places: int | None = None
    scaled_unit: str = ""

    @property
    def key(self) -> str:
        """Return the live key, `{device key}/{metric}`."""
        return f"{self.device_key}/{self.metric}"

    def least_width(self, start: int) -> int:
        """Return the width in µs of the narrowest bins that there are from `start` on."""
        if start >= self.raw_since:
            return 0
        return QUARTER_HOUR.width if start >= self.quarters_since else HOUR.width


def find_series(scope: Scope, keys: Sequence[str]) -> dict[str, list[SeriesInfo]]:
    """Return the series that each of `keys` names, of those that `scope` shows alone.

    A key is `{device key}/{metric}`, the metric `*` standing for all. A key
    that names nothing here (or nothing this person may see) is not in the result;
    a device without series yet is there, empty.
    """
    parts = {key: key.partition("/")[::2] for key in keys}
    wanted = scope.devices().filter(key__in={device for device, _metric in parts.values()})
    known = dict(wanted.values_list("key", "pk"))
    by_device: dict[str, dict[str, SeriesInfo]] = {key: {} for key in known}
    for info in series_of(list(known.values())):
        if scope.shows(info.key):
            by_device[info.device_key][info.metric] = info
    found: dict[str, list[SeriesInfo]] = {}
    for key, (device, metric) in parts.items():
        if metric == "*" and device in by_device:
            found[key] = list(by_device[device].values())
        elif metric in by_device.get(device, {}):
            found[key] = [by_device[device][metric]]
    return found


def series_of(device_ids: Sequence[int]) -> list[SeriesInfo]:
    """Return every series of these devices, by device, as they are ordered."""
    return _infos(Series.objects.filter(device_id__in=device_ids))


def shown_of(device_ids: Sequence[int]) -> list[SeriesInfo]:
    """Return the series of these devices that nobody has hidden, by device, as they are ordered."""
    return [info for info in series_of(device_ids) if not info.hidden]


def few_of(device_ids: Sequence[int], each: int, metrics: Sequence[str] = ()) -> list[SeriesInfo]:
    """Return the first `each` series of each device that nobody has hidden, in their order.

    Args:
        device_ids: pks.
        each: how many of one device.
        metrics: of these alone; empty: of all.
    """
    found = Series.objects.filter(device_id__in=device_ids, hidden=False)
    if metrics:
        found = found.filter(metric__in=metrics)
    place = Window(RowNumber(), partition_by="device_id", order_by=IN_ORDER)
    return _infos(found.alias(place=place).filter(place__lte=each))


def series_in(devices: QuerySet[Device]) -> list[SeriesInfo]:
    """Return every series of `devices`, by device, as they are ordered."""
    return _infos(Series.objects.filter(device__in=devices))


def infos_of(series: Sequence[int]) -> list[SeriesInfo]:
    """Return those of `series` (pks) that exist, by device, as they are ordered."""
    return _infos(Series.objects.filter(pk__in=series))


def _infos(found: QuerySet[Series]) -> list[SeriesInfo]:
    rows = found.order_by("device__key", *IN_ORDER).values_list(
        *("pk", "device_id", "device__key", "metric", "unit", "kind"),
        *("raw_since", "quarters_since", "label", "decimals", "hidden", "shown_unit"),
        *("places", "scaled_unit"),
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
