"""Widgets that show newest values: one large, one on a scale, many in a table; and words."""

from collections.abc import Sequence
from typing import Annotated

from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator

from dashboards.widgets.base import Key, Offer, Options, Query, Threshold, Widget
from dashboards.widgets.grouping import is_percent
from dashboards.widgets.registry import register
from devices.models import Kind
from devices.queries import SeriesInfo

TABLE_KEYS = 400


class ValueOptions(Options):
    """One series."""

    key: Key
    thresholds: tuple[Threshold, ...] = Field(default=(), max_length=8)


class StatOptions(ValueOptions):
    """One series; `trend`: what has changed in the stretch of time that is shown."""

    trend: bool = False


@register
class Value(Widget[StatOptions]):
    """A newest value in large letters, above how it came to be."""

    name = "value"
    module = "dashboards/js/widgets/value.js"
    schema = StatOptions
    template = "dashboards/widgets/value.html"
    label = gettext_lazy("Value")
    order = 140

    def query(self) -> Query:
        """Return the window of the line below the value."""
        return Query([self.options.key])

    @classmethod
    def offers(cls, series: Sequence[SeriesInfo]) -> Sequence[Offer[StatOptions]]:
        """Return a tile for each number that is left."""
        return [
            Offer(StatOptions(key=info.key), [info.key])
            for info in series
            if info.kind == Kind.NUMBER
        ]


class GaugeOptions(ValueOptions):
    """One series on a scale from `minimum` to `maximum`."""

    minimum: float = 0
    maximum: float = 100

    @model_validator(mode="after")
    def _in_order(self) -> "GaugeOptions":
        if not self.minimum < self.maximum:
            raise ValueError("minimum must be below maximum")
        return self


@register
class Gauge(Widget[GaugeOptions]):
    """Where a value is between the least and the most it can be."""

    name = "gauge"
    module = "dashboards/js/widgets/gauge.js"
    schema = GaugeOptions
    template = "dashboards/widgets/gauge.html"
    label = gettext_lazy("Gauge")
    order = 130

    def query(self) -> Query:
        """Return the newest value."""
        return Query([self.options.key], kind="latest")

    @classmethod
    def offers(cls, series: Sequence[SeriesInfo]) -> Sequence[Offer[GaugeOptions]]:
        """Return a gauge for each value that goes from 0 to 100."""
        return [
            Offer(GaugeOptions(key=info.key), [info.key])
            for info in series
            if info.kind == Kind.NUMBER and is_percent(info)
        ]


class TableOptions(Options):
    """Series, a row for each device and a column for each metric."""

    keys: Annotated[tuple[Key, ...], Field(max_length=TABLE_KEYS)] = ()
    devices: tuple[str, ...] = Field(default=(), max_length=TABLE_KEYS)


@register
class StatusTable(Widget[TableOptions]):
    """Devices with their states and newest values."""

    name = "table"
    module = "dashboards/js/widgets/server-rendered.js"
    schema = TableOptions
    template = "dashboards/widgets/table.html"
    wide = True
    size = (12, 5)
    label = gettext_lazy("Table of devices")
    order = 100

    def query(self) -> Query | None:
        """Return the newest values of all cells."""
        return Query(self.options.keys, kind="latest") if self.options.keys else None

    def devices(self) -> Sequence[str]:
        """Return the devices that have rows, values or not."""
        named = (key.partition("/")[0] for key in self.options.keys)
        return list(dict.fromkeys([*self.options.devices, *named]))


class TextOptions(Options):
    """Words; an empty line begins a new paragraph."""

    text: str = Field(max_length=10_000)


@register
class Text(Widget[TextOptions]):
    """Words for people who look at the board."""

    name = "text"
    module = "dashboards/js/widgets/server-rendered.js"
    schema = TextOptions
    template = "dashboards/widgets/text.html"
    label = gettext_lazy("Text")
    order = 150
