"""Widgets that sum up by a calendar: bars of hours to months, and hours against days."""

from typing import Literal

from django.utils.translation import gettext_lazy
from pydantic import Field

from dashboards.widgets.base import Key, Options, Query, Widget
from dashboards.widgets.registry import register

Of = Literal["increase", "mean", "min", "max"]


class BarOptions(Options):
    """One series; `of` says what of each hour, day, week or month is shown."""

    key: Key
    of: Of = "increase"
    bucket: Literal["hour", "day", "week", "month"] = "day"
    count: int = Field(default=14, ge=1, le=60)
    compare: bool = False


@register
class Bars(Widget[BarOptions]):
    """What each hour, day, week or month came to, beside the period before."""

    name = "bars"
    module = "dashboards/js/widgets/bars.js"
    schema = BarOptions
    template = "dashboards/widgets/calendar.html"
    size = (6, 4)
    label = gettext_lazy("Bars by day, week or month")
    order = 160

    def query(self) -> Query:
        """Return the newest value: when it changes, sums may have."""
        return Query([self.options.key], kind="latest")


class HeatOptions(Options):
    """One series, an hour of a day each cell."""

    key: Key
    of: Of = "mean"
    days: int = Field(default=14, ge=2, le=31)


@register
class HeatMap(Widget[HeatOptions]):
    """The hours of the last days as colours: what is usual, and when."""

    name = "heat_map"
    module = "dashboards/js/widgets/heat-map.js"
    schema = HeatOptions
    template = "dashboards/widgets/calendar.html"
    size = (6, 5)
    label = gettext_lazy("Hours and days")
    order = 160

    def query(self) -> Query:
        """Return the newest value: when it changes, sums may have."""
        return Query([self.options.key], kind="latest")
