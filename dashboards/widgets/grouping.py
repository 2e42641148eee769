"""How series of many devices are told apart and put together: by metric, unit and kind."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from django.utils.text import Truncator
from django.utils.translation import gettext

from dashboards.presentation import units
from devices.queries import SeriesInfo

# Of a title: metrics may be longer.
LONGEST = 120
# Metrics that tell how a device itself is, by the words in their names.
_ABOUT_ITSELF = re.compile(
    r"(?i)(^|[._-])(battery|batt|linkquality|lqi|rssi|snr|uptime|wifi|last_?seen|reboots|"
    r"heap|free_?heap|update|firmware|seq|sequence|cpu)($|[._-])"
)
# Metrics whose values go from 0 to 100 where no unit says so.
_PERCENT = re.compile(r"(?i)(^|[._-])(humidity|battery|level|moisture|soc|position|brightness)$")


def is_about_itself(info: SeriesInfo) -> bool:
    """Return whether a series tells how the device is, not what it measures."""
    return _ABOUT_ITSELF.search(info.metric) is not None


def is_percent(info: SeriesInfo) -> bool:
    """Return whether values go from 0 to 100."""
    return info.unit == "%" or (not info.unit and _PERCENT.search(info.metric) is not None)


def by_metric(series: Iterable[SeriesInfo]) -> list[list[SeriesInfo]]:
    """Return groups of one metric and unit, those of many devices first, then by name."""

    def sort(info: SeriesInfo) -> tuple[str, str]:
        return info.metric, info.unit

    groups = [list(group) for _key, group in groupby(sorted(series, key=sort), key=sort)]
    return sorted(groups, key=lambda group: (-len(group), group[0].metric))


def chunks(group: Sequence[SeriesInfo], most: int) -> list[Sequence[SeriesInfo]]:
    """Return `group` in as few parts as may be, of about the same size, of `most` at most."""
    parts = -(-len(group) // most)
    size = -(-len(group) // parts) if parts else 0
    return [group[at : at + size] for at in range(0, len(group), size or 1)]


def titled(group: Sequence[SeriesInfo], part: int = 1, of: int = 1) -> str:
    """Return what a widget that shows one metric of several devices is called."""
    shown = units.shown(group[0]).unit
    unit = f" ({shown})" if shown else ""
    name = Truncator(f"{group[0].metric}{unit}").chars(LONGEST)
    if of == 1:
        return name
    return gettext("%(name)s, %(part)s of %(of)s") % {"name": name, "part": part, "of": of}
