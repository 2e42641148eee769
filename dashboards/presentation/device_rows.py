"""What the pages show, read for the server-rendered first view."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop

from dashboards.presentation import units
from dashboards.presentation.formats import age_of
from dashboards.presentation.last_known import KnownValue, known_of
from devices import queries
from devices.access import Scope
from devices.models import Device, DeviceDescription, Kind
from devices.queries import cadence
from devices.registry import listing
from devices.registry.states import AsOf, State, since_of, state_of
from devices.timestamps import moment

VALUES_PER_ROW = 4
# name in the URL -> (span in ms, in words)
RANGES: dict[str, tuple[int, str]] = {
    "5m": (300_000, gettext_noop("5 minutes")),
    "1h": (3_600_000, gettext_noop("1 hour")),
    "6h": (21_600_000, gettext_noop("6 hours")),
    "24h": (86_400_000, gettext_noop("24 hours")),
    "7d": (604_800_000, gettext_noop("7 days")),
    "30d": (2_592_000_000, gettext_noop("30 days")),
    "1y": (31_536_000_000, gettext_noop("1 year")),
}
TABLE_ROWS = 5
CHARTS = 40


def chosen_range(request: HttpRequest) -> dict[str, Any]:
    """Return what `partials/ranges.html` needs: ranges, the chosen one, its length in ms."""
    chosen = request.GET.get("range", "1h")
    return range_of(chosen if chosen in RANGES else "1h")


def range_of(name: str) -> dict[str, Any]:
    """Return what `partials/ranges.html` needs where `name` is chosen."""
    return {"ranges": RANGES, "range": name, "span_ms": RANGES[name][0]}


@dataclass(slots=True)
class Cell:
    """A newest value."""

    key: str
    metric: str
    unit: str
    kind: str
    text: str
    ts_ms: float | None = None
    age: str = ""
    # Without a reading for so long it is stale; 0: never by itself.
    expire_ms: int = 0
    quality: str = ""
    device: str = ""
    # What tells it from the others beside it.
    label: str = ""

    def called(self, label: str) -> "Cell":
        """Return the same with another label."""
        return replace(self, label=label)


@dataclass(slots=True)
class Row:
    """A device in a list."""

    device: Device
    state: State
    since: datetime | None
    seen: str
    cells: list[Cell] = field(default_factory=list)
    # Of the metrics that somebody has chosen: one for each, or none.
    columns: list[Cell | None] = field(default_factory=list)
    # When it was heard lies before what one may look back to.
    hides_seen: bool = False
    # What the broker keeps, where nothing was read yet.
    known: list[KnownValue] = field(default_factory=list)


def rows_of(
    devices: list[Device], as_of: AsOf, metrics: Sequence[str] = (), since: int = 0
) -> list[Row]:
    """Return list rows of `devices`, each with its first few newest values, or of `metrics`.

    Values are not older than `since` (µs).
    """
    rows = {device.pk: row_of(device, as_of, since) for device in devices}
    shown = queries.few_of(list(rows), len(metrics) or VALUES_PER_ROW, metrics)
    newest, expiries = queries.latest(shown, since), cadence.expiries(shown)
    for info in shown:
        cell = cell_of(info, newest.get(info.pk), expiries.get(info.pk, 0), as_of.now)
        rows[info.device_id].cells.append(cell)
    for row in rows.values():
        by_metric = {cell.metric: cell for cell in row.cells}
        row.columns = [by_metric.get(metric) for metric in metrics]
    empty = [pk for pk, row in rows.items() if not row.cells]
    for pk, known in known_of(empty, VALUES_PER_ROW).items():
        rows[pk].known = known
    return list(rows.values())


def row_of(device: Device, as_of: AsOf, since: int = 0) -> Row:
    """Return the list row of a device, without values; nothing of it is before `since` (µs)."""
    seen = age_of(device.last_seen, as_of.now)
    row = Row(device, state_of(device, as_of), since_of(device, as_of), seen)
    if since and (device.last_seen is None or device.last_seen < moment(since)):
        row.seen, row.since, row.hides_seen = "", None, True
    return row


def published_as(device: Device) -> str:
    """Return by which name the device publishes with our own convention."""
    own = device.identities.filter(source__convention="native").order_by("pk")
    return own.values_list("native_id", flat=True).first() or device.key


def publishes_at_qos0(device: Device) -> bool:
    """Return whether the device published at QoS 0 within the last hour it was heard of."""
    counts = getattr(device, "counts", None)
    if counts is None or counts.qos0_at is None or device.last_seen is None:
        return False
    return moment(counts.qos0_at) >= device.last_seen - timedelta(hours=1)


def cell_of(
    info: queries.SeriesInfo, point: queries.Point | None, expiry: int, now: datetime
) -> Cell:
    """Return the newest value of a series in words; `expiry` in µs, 0 for never."""
    how = units.shown(info)
    cell = Cell(info.key, info.metric, how.unit, info.kind, gettext("no data yet"))
    cell.device, cell.label = info.device_key, info.metric
    cell.age = age_of(None, now)
    cell.expire_ms = expiry // 1_000
    if point is not None:
        ts, value = point
        cell.text = how.text(value)
        cell.ts_ms = ts / 1_000
        cell.age = age_of(moment(ts), now)
        cell.quality = "stale" if expiry and now.timestamp() * 1e6 - ts > expiry else ""
    return cell


@dataclass(slots=True)
class SeriesView:
    """A series on the device page, with the newest rows as a table."""

    info: queries.SeriesInfo
    cell: Cell
    table: list[tuple[datetime, str]]


def series_page(
    infos: Sequence[queries.SeriesInfo], number: str | None
) -> "Page[queries.SeriesInfo]":
    """Return a page of the series of a device, by metric; the first where there is no such page."""
    return Paginator(infos, CHARTS).get_page(number)


def series_views(infos: Sequence[queries.SeriesInfo], now: datetime) -> list[SeriesView]:
    """Return series with their newest values and rows."""
    newest, expiries = queries.latest(infos), cadence.expiries(infos)
    return [
        SeriesView(
            info, cell_of(info, newest.get(info.pk), expiries.get(info.pk, 0), now), _table(info)
        )
        for info in infos
    ]


@dataclass(frozen=True, slots=True)
class StripOfAll:
    """All that is stored of a device: since when (µs), and the series that stands for it."""

    first_us: int
    info: queries.SeriesInfo

    @property
    def first_ms(self) -> int:
        """Return the same in ms, as browsers count."""
        return self.first_us // 1_000


def strip_of(
    shown: Sequence[queries.SeriesInfo], infos: Sequence[queries.SeriesInfo]
) -> StripOfAll | None:
    """Return the strip below the charts `shown`; `infos` are all series. None: nothing to show."""
    drawn = next((info for info in shown if info.kind == Kind.NUMBER), None)
    first = queries.first_of([info.pk for info in infos][:CHARTS]) if drawn else None
    return None if drawn is None or first is None else StripOfAll(first, drawn)


def _table(info: queries.SeriesInfo) -> list[tuple[datetime, str]]:
    how = units.shown(info)
    return [(moment(ts), how.text(value)) for ts, value in queries.newest_rows(info, TABLE_ROWS)]


def fleet_summary(scope: Scope, as_of: AsOf) -> dict[str, Any]:
    """Return the counts by state over all sites this person sees, and by site."""
    by_site = listing.fleet_of(scope, listing.fleet(as_of))
    return {"total": listing.total(by_site), "sites": by_site}


def gateway_of(device: Device, scope: Scope) -> Device | None:
    """Return what `device` speaks through, where this person may see it."""
    if device.parent_id is None:
        return None
    return scope.devices().filter(pk=device.parent_id).first()


def changes_said(device: Device) -> list[dict[str, Any]]:
    """Return how what a device says about itself has changed, newest first; `micros` is when."""
    found = DeviceDescription.objects.filter(device=device).first()
    return [{**one, "micros": one["at"] * 1_000} for one in (found.changes if found else [])]
