"""Boards that make themselves: of a site, of a device type, of devices without a site.

The widgets say which series they would show (`Widget.offers`); each series goes to the
first one that wants it. What tells how devices themselves are goes to a table.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from dashboards.widgets import Offer, Widget, all_widgets
from dashboards.widgets.grouping import by_metric, is_about_itself
from dashboards.widgets.newest import StatusTable, TableOptions
from devices import queries
from devices.models import Device
from devices.queries import SeriesInfo
from devices.registry import listing
from devices.registry.states import AsOf

logger = logging.getLogger(__name__)

# What one board shows at most: the worst devices, the metrics that most of them have.
DEVICES = 50
SERIES = 200
WIDGETS = 24
COLUMNS = 4


@dataclass(slots=True)
class Board:
    """Widgets for some devices.

    Args:
        widgets: in the order of the page.
        shown: how many devices are on it.
        total: how many there are.
        left_out: metrics that found no room.
    """

    widgets: list[Widget[Any]]
    shown: int
    total: int
    left_out: list[str]


def automatic(devices: QuerySet[Device], as_of: AsOf) -> Board:
    """Return a board of `devices`, from what they measure."""
    accepted = listing.accepted(devices)
    shown = list(listing.worst_first(accepted, as_of)[:DEVICES])
    infos = queries.shown_of([device.pk for device in shown])
    itself = [info for info in infos if is_about_itself(info)]
    measured = [info for info in infos if not is_about_itself(info)]
    fitting = _fitting(measured)
    widgets = [_table(gettext("Devices"), [device.key for device in shown], fitting)]
    offered = _offered(fitting)[: WIDGETS - 2]
    left_out = _left_out(measured, offered)
    widgets += offered
    if itself:
        widgets.append(_table(gettext("How the devices are"), [], itself))
    return Board(widgets, len(shown), accepted.count(), left_out)


def _fitting(series: Sequence[SeriesInfo]) -> list[SeriesInfo]:
    """Return the series that one board has room for."""
    fitting: list[SeriesInfo] = []
    for group in by_metric(series):
        if len(fitting) + len(group) <= SERIES:
            fitting += group
    return fitting


def _left_out(series: Sequence[SeriesInfo], widgets: Sequence[Widget[Any]]) -> list[str]:
    """Return the metrics of which not all series are on one of `widgets`."""
    shown = {key for widget in widgets if (query := widget.query()) for key in query.keys}
    return sorted({info.metric for info in series if info.key not in shown})


def _table(title: str, devices: list[str], series: Sequence[SeriesInfo]) -> Widget[Any]:
    """Return a table of devices, each with those of its metrics that most others have too."""
    taken: Counter[str] = Counter()
    keys = []
    for info in (info for group in by_metric(series) for info in group):
        taken[info.device_key] += 1
        if taken[info.device_key] <= COLUMNS:
            keys.append(info.key)
    return StatusTable(TableOptions(title=title, keys=tuple(keys), devices=tuple(devices)))


def _offered(series: Sequence[SeriesInfo]) -> list[Widget[Any]]:
    left = {info.key: info for info in series}
    widgets: list[Widget[Any]] = []
    for kind in all_widgets():
        for offer in _offers(kind, list(left.values())):
            widgets.append(kind(offer.options))
            for key in offer.keys:
                left.pop(key, None)
    return widgets


def _offers(kind: type[Widget[Any]], series: Sequence[SeriesInfo]) -> Sequence[Offer[Any]]:
    """Return what a widget offers; one that fails is left out, not the whole board."""
    try:
        return kind.offers(series)
    except Exception:
        logger.exception("The widget %r fails to offer; boards do without it", kind.name)
        return ()
