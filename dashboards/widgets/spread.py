"""Widgets that show how values are spread: how often which, and one against another."""

from django.utils.translation import gettext_lazy
from pydantic import Field

from dashboards.widgets.base import Key, Options, Query, Widget
from dashboards.widgets.registry import register


class HistogramOptions(Options):
    """One series, its values in `bins` of the same width."""

    key: Key
    bins: int = Field(default=20, ge=2, le=100)


@register
class Histogram(Widget[HistogramOptions]):
    """How often each range of values was measured in the stretch of time that is shown."""

    name = "histogram"
    module = "dashboards/js/widgets/histogram.js"
    schema = HistogramOptions
    template = "dashboards/widgets/spread.html"
    size = (6, 4)
    label = gettext_lazy("Histogram")
    order = 160

    def query(self) -> Query:
        """Return the window of the series."""
        return Query([self.options.key])


class ScatterOptions(Options):
    """Two series, a point for each time that both are known."""

    key: Key
    against: Key


@register
class Scatter(Widget[ScatterOptions]):
    """One series against another: whether they go together."""

    name = "scatter"
    module = "dashboards/js/widgets/scatter.js"
    schema = ScatterOptions
    template = "dashboards/widgets/spread.html"
    size = (6, 5)
    label = gettext_lazy("One against another")
    order = 160

    def query(self) -> Query:
        """Return the windows of both."""
        return Query([self.options.key, self.options.against])
