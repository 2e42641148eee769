"""How numbers of each series are written, by what it measures: a background service.

A series whose values are 17.1, 17 and 16.95 is written with two decimals, so that its figures
align; one with 46.0399871 with as many as its spread tells apart. Watts by the ten thousand
are shown as kW. What somebody has set (`decimals`, `shown_unit`) comes before. Stored values,
exports and the API's columns stay as they are.

The lease's state holds up to which series (`pk`) this pass has come.
"""

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

from devices import queries
from devices.background.services import LeasedService, Pace
from devices.models import Kind, Series
from devices.number_text import WRITTEN, decimals_of
from devices.unit_conversion import conversion

logger = logging.getLogger(__name__)
# Series that one step looks at; newest values of each.
PAGE, VALUES = 100, 32
# Between two passes over all series (s): short where there are few.
REST_SECONDS, SHARE = 60.0, 10.0
# Of values with more decimals than people write, so many digits of their spread are shown.
_TOLD, _MOST = 3, 6
# With at least so many decimals, whatever the spread is.
_OF_UNITS = {"°C": 1, "°F": 1, "V": 1, "A": 2, "hPa": 1, "kWh": 2, "m³": 2, "bar": 2}
# Units that grow by a prefix, the smallest first.
_LADDERS = (
    *(("mW", "W", "kW", "MW"), ("J", "kJ", "MJ"), ("Wh", "kWh", "MWh"), ("VA", "kVA")),
    *(("mV", "V", "kV"), ("mA", "A"), ("Hz", "kHz", "MHz", "GHz"), ("Ω", "kΩ", "MΩ")),
    *(("B", "kB", "MB", "GB"), ("bit/s", "kbit/s", "Mbit/s"), ("mg", "g", "kg", "t")),
    *(("mm", "m", "km"), ("mL", "L", "m³"), ("Pa", "hPa"), ("mg/L", "g/L")),
)
_ABOVE = {unit: ladder[at + 1 :] for ladder in _LADDERS for at, unit in enumerate(ladder)}
# From here on another prefix is shown; and below that the one before is again.
LARGE, SMALL = 10_000.0, 5.0


class Scales(LeasedService):
    """Looks at the newest values of all series, again and again, while it holds the lease."""

    name = "scales"
    thread = "upkeep"
    pace = Pace(idle=15.0, more=0.05, busy=5.0)

    def __init__(self, holder: str) -> None:
        """Prepare; `holder` is the process' name."""
        super().__init__(holder)
        self._began = self._rest_until = 0.0

    def work(self) -> bool:
        """Look at some series; return whether this pass goes on."""
        now = time.monotonic()
        if now < self._rest_until:
            return False
        after = int(self._lease.state().get("pk", 0))
        if not after:
            self._began = now
        found = list(Series.objects.filter(pk__gt=after, kind=Kind.NUMBER).order_by("pk")[:PAGE])
        for series in found:
            _look_at(series)
        is_whole = len(found) < PAGE
        self._lease.commit({"pk": 0 if is_whole else found[-1].pk})
        if is_whole:
            passed = time.monotonic() - self._began
            self._rest_until = time.monotonic() + max(REST_SECONDS, SHARE * passed)
        return not is_whole


def _look_at(series: Series) -> None:
    """Look at one of many: what is wrong with its values keeps nobody from the others."""
    try:
        look_at(series)
    except (ArithmeticError, ValueError):
        logger.exception("How series %s is written could not be found out", series.pk)


def look_at(series: Series) -> None:
    """Set how numbers of `series` are written, where that has changed."""
    points = [
        point
        for info in queries.infos_of([series.pk])
        for point in queries.newest_rows(info, VALUES)
    ]
    values = [value for _ts, value in points if isinstance(value, float) and math.isfinite(value)]
    if not values:
        return
    unit = scaled_unit(series.unit, series.scaled_unit, values)
    how = conversion(series.unit, series.shown_unit or unit)
    shown = [one for one in (map(how.of, values) if how else values) if math.isfinite(one)]
    if not shown:
        return
    news: dict[str, Any] = {"places": places_of(shown, series.unit), "scaled_unit": unit}
    changed = {name: new for name, new in news.items() if new != getattr(series, name)}
    if changed:
        Series.objects.filter(pk=series.pk).update(**changed)


def places_of(values: Sequence[float], unit: str) -> int:
    """Return with how many decimals `values` are written."""
    most = max(map(decimals_of, values))
    if most <= WRITTEN:
        return most
    # Halves first: the difference of two doubles may be beyond one.
    spread = 2 * (max(values) / 2 - min(values) / 2) or max(map(abs, values)) / 10
    is_told = 0 < spread < math.inf
    needed = _TOLD - 1 - math.floor(math.log10(spread)) if is_told else 0
    return max(_OF_UNITS.get(unit, 0), min(max(needed, 0), _MOST))


def scaled_unit(unit: str, before: str, values: Sequence[float]) -> str:
    """Return with which prefix `values` in `unit` are shown; empty: with their own.

    Args:
        unit: that they are stored in.
        before: what is shown now; it stays until values have become clearly smaller.
        values: the newest ones.
    """
    largest, chosen = max(map(abs, values)), ""
    for larger in _ABOVE.get(unit, ()):
        how = conversion(unit, larger)
        if how is None:
            continue
        size = largest * how.scale
        step = conversion(unit, chosen) if chosen else None
        shown = largest * (step.scale if step else 1.0)
        if shown >= LARGE or (before == larger and size >= SMALL):
            chosen = larger
    return chosen
