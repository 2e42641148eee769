"""Widgets as they are on a page: with their names, newest values and the browser's part."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.templatetags.static import static

from dashboards.presentation import device_rows
from dashboards.widgets import Widget
from devices import queries
from devices.access import Scope
from devices.models import Device
from devices.monitoring import heartbeats
from devices.queries import cadence
from devices.registry.states import AsOf


@dataclass(slots=True)
class Placed:
    """A widget on a page.

    Args:
        widget: it.
        heading: its title, or what it shows.
        cells: the newest values of its series, in the order of its keys.
        rows: of its devices, where it shows a table.
        denied: keys of series that there are not, or that this person may not see.
        more: what the widget has read itself.
        now: the time.
        id: its own on a board that somebody made.
        note: what is to be known of it.
    """

    widget: Widget[Any]
    heading: str = ""
    cells: list[device_rows.Cell] = field(default_factory=list)
    rows: list[device_rows.Row] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    now: datetime | None = None
    id: str = ""
    note: str = ""

    @property
    def module(self) -> str:
        """Return the address of its ES module."""
        return static(self.widget.module)

    @property
    def shown_keys(self) -> list[str]:
        """Return the series whose values it shows, its own and those that it has read itself."""
        rows = [row for row in self.more.get("rows", ()) if isinstance(row, device_rows.Row)]
        return [cell.key for cell in (*self.cells, *(cell for row in rows for cell in row.cells))]

    @property
    def setup(self) -> str:
        """Return what its ES module gets, as JSON."""
        names = {cell.key: cell.label for cell in self.cells}
        return json.dumps({**self.widget.setup(), "names": names}, ensure_ascii=False)


def place(widgets: Iterable[Widget[Any]], scope: Scope, now: datetime | AsOf) -> list[Placed]:
    """Return `widgets` as `scope` may see them, all newest values read at once.

    Args:
        widgets: them.
        scope: of the person who looks.
        now: the time; or as of when devices are known, where that was read already.
    """
    as_of = now if isinstance(now, AsOf) else heartbeats.as_of(now)
    placed = [Placed(widget) for widget in widgets]
    since = scope.earliest(queries.now_us())
    cells, devices = _read(placed, scope, as_of.now, since)
    for one in placed:
        keys = _keys(one.widget)
        one.cells = _labelled([cells[key] for key in keys if key in cells], devices)
        one.denied = [key for key in keys if key not in cells]
        one.rows = _rows(one, devices, as_of, since)
        one.more, one.now = one.widget.read(scope, as_of), as_of.now
        told = _heading(one.cells, devices) or one.more.get("heading", "")
        one.heading = one.widget.options.title or told
    return placed


def _read(
    placed: Iterable[Placed], scope: Scope, now: datetime, since: int
) -> tuple[dict[str, device_rows.Cell], dict[str, Device]]:
    """Return the newest values by key, and the devices by key, of all widgets."""
    keys = {key for one in placed for key in _keys(one.widget)}
    found = queries.find_series(scope, sorted(keys))
    infos = [info for group in found.values() for info in group]
    newest, expiries = queries.latest(infos, since), cadence.expiries(infos)
    cells = {
        info.key: device_rows.cell_of(info, newest.get(info.pk), expiries.get(info.pk, 0), now)
        for info in infos
    }
    named = {info.device_key for info in infos}
    named |= {key for one in placed for key in one.widget.devices()}
    devices = scope.devices().filter(key__in=named).select_related("site")
    return cells, {device.key: device for device in devices}


def _keys(widget: Widget[Any]) -> Sequence[str]:
    query = widget.query()
    return () if query is None else query.keys


def _heading(cells: Sequence[device_rows.Cell], devices: dict[str, Device]) -> str:
    """Return what `cells` are, where nobody said: their device, their metric, or both."""
    names = {str(devices[cell.device]) for cell in cells}
    metrics = {cell.metric for cell in cells}
    if len(names) > 1 and len(metrics) > 1:
        return ", ".join(sorted(names)[:3])
    parts = [*(names if len(names) == 1 else ()), *(metrics if len(metrics) == 1 else ())]
    return " ".join(parts)


def _labelled(
    cells: Sequence[device_rows.Cell], devices: dict[str, Device]
) -> list[device_rows.Cell]:
    """Return `cells` with labels that tell them apart: by device, by metric, or by both."""
    one_device = len({cell.device for cell in cells}) == 1
    one_metric = len({cell.metric for cell in cells}) == 1
    labelled = []
    for cell in cells:
        name = str(devices[cell.device])
        label = cell.metric if one_device else name if one_metric else f"{name} {cell.metric}"
        labelled.append(cell.called(label))
    return labelled


def _rows(
    one: Placed, devices: dict[str, Device], as_of: AsOf, since: int
) -> list[device_rows.Row]:
    rows = {
        key: device_rows.row_of(devices[key], as_of, since)
        for key in one.widget.devices()
        if key in devices
    }
    for cell in one.cells if rows else ():
        rows[cell.device].cells.append(cell)
    return list(rows.values())
