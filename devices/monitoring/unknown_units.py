"""Units that nobody knows: as sources send them, until somebody sets the right one."""

import time
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import QuerySet

from devices import units
from devices.access import Scope
from devices.models import Series

# Of them so many series are looked at, and so many units shown.
LOOKED_AT, SHOWN = 5_000, 20
# The page asks every few seconds, and a plant has half a million series.
FRESH_SECONDS = 60


@dataclass(slots=True)
class UnknownUnit:
    """A unit as it was sent, and where."""

    unit: str
    key: str
    device: str
    number: int = 0


def unknown_units(scope: Scope) -> list[UnknownUnit]:
    """Return the units of what `scope` may see that are not known, the most frequent first."""
    return _found(scope, int(time.monotonic() // FRESH_SECONDS))


@lru_cache(maxsize=64)
def _found(scope: Scope, _minute: int) -> list[UnknownUnit]:
    series = Series.objects.exclude(unit="")
    if not scope.everything:
        series = series.filter(device__in=scope.devices())
    sent = series.order_by().values_list("unit", flat=True).distinct()
    unknown = [unit for unit in sent if not units.is_known(unit)]
    return _counted(series.filter(unit__in=unknown[:LOOKED_AT])) if unknown else []


def _counted(series: QuerySet[Series]) -> list[UnknownUnit]:
    rows = series.order_by("pk").values_list("unit", "device__key", "metric", "by_hand")
    found: dict[str, UnknownUnit] = {}
    for unit, device, metric, by_hand in rows[:LOOKED_AT]:
        # What somebody has set is meant, whatever it is.
        if "unit" not in by_hand:
            told = found.setdefault(unit, UnknownUnit(unit, f"{device}/{metric}", device))
            told.number += 1
    return sorted(found.values(), key=lambda one: -one.number)[:SHOWN]
