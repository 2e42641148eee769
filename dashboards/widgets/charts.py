"""Widgets that show a stretch of time: lines, and states one after the other."""

from collections.abc import Sequence

from django.utils.translation import gettext, gettext_lazy
from pydantic import Field, model_validator

from dashboards.widgets.base import Key, Offer, Options, Query, Threshold, Widget
from dashboards.widgets.grouping import by_metric, chunks, titled
from dashboards.widgets.registry import register
from devices.models import Kind
from devices.queries import SeriesInfo

LINES = 8
ROWS = 12
# Charts of one metric on a board that makes itself.
CHARTS = 3


class LineOptions(Options):
    """Lines of several series; those in `right` are drawn on a second axis, or all are stacked."""

    keys: tuple[Key, ...] = Field(min_length=1, max_length=LINES)
    right: tuple[Key, ...] = ()
    thresholds: tuple[Threshold, ...] = Field(default=(), max_length=8)
    band: bool = True
    stacked: bool = False

    @model_validator(mode="after")
    def _known(self) -> "LineOptions":
        unknown = sorted(set(self.right) - set(self.keys))
        if unknown:
            raise ValueError(f"right names {', '.join(unknown)}, which is not among keys")
        if self.stacked and self.right:
            raise ValueError("stacked lines have one axis: leave right empty")
        return self


@register
class LineChart(Widget[LineOptions]):
    """Numbers over time, with the extremes of each bin as a band."""

    name = "lines"
    module = "dashboards/js/widgets/lines.js"
    schema = LineOptions
    template = "dashboards/widgets/lines.html"
    size = (6, 5)
    label = gettext_lazy("Lines")
    order = 120

    def query(self) -> Query:
        """Return the window of all lines."""
        return Query(self.options.keys)

    @classmethod
    def offers(cls, series: Sequence[SeriesInfo]) -> Sequence[Offer[LineOptions]]:
        """Return a chart for each metric that several devices have."""
        numbers = [info for info in series if info.kind == Kind.NUMBER]
        return [
            offer
            for group in by_metric(numbers)
            if len(group) > 1
            for offer in cls._of_metric(group)
        ]

    @classmethod
    def _of_metric(cls, group: list[SeriesInfo]) -> list[Offer[LineOptions]]:
        parts = chunks(group, LINES)
        everything = [info.key for info in group]
        return [
            Offer(
                LineOptions(
                    title=titled(part, number + 1, len(parts)),
                    keys=tuple(info.key for info in part),
                ),
                everything,
            )
            for number, part in enumerate(parts[:CHARTS])
        ]


class TimelineOptions(Options):
    """Rows of states; booleans and texts, or numbers that stand for states."""

    keys: tuple[Key, ...] = Field(min_length=1, max_length=ROWS)


@register
class Timeline(Widget[TimelineOptions]):
    """What was on, open or running when: one row a series."""

    name = "timeline"
    module = "dashboards/js/widgets/timeline.js"
    schema = TimelineOptions
    template = "dashboards/widgets/timeline.html"
    size = (6, 3)
    label = gettext_lazy("States over time")
    order = 110

    def query(self) -> Query:
        """Return the window of all rows."""
        return Query(self.options.keys)

    @classmethod
    def offers(cls, series: Sequence[SeriesInfo]) -> Sequence[Offer[TimelineOptions]]:
        """Return a timeline for each metric of several devices, and one of the rest."""
        states = [info for info in series if info.kind != Kind.NUMBER]
        groups = by_metric(states)
        rest = [info for group in groups if len(group) == 1 for info in group]
        parts = [
            (part, titled(part, number + 1, len(found)))
            for group in groups
            if len(group) > 1
            for found in [chunks(group, ROWS)]
            for number, part in enumerate(found)
        ]
        parts += [(part, gettext("States") if len(part) > 1 else "") for part in chunks(rest, ROWS)]
        return [
            Offer(TimelineOptions(title=title, keys=keys), keys)
            for part, title in parts
            for keys in [tuple(info.key for info in part)]
        ]
