"""What an editor offers: the kinds of widgets, and their options as the browser's form has them."""

from typing import Any

from django.utils.translation import gettext, gettext_lazy

from dashboards.boards.specification import (
    VERSION,
    PlacedWidget,
    Variable,
    WrongSpecification,
    checked,
)
from dashboards.widgets import all_widgets

# What options are called; one that is not here is called by its name.
_WORDS = {
    "title": gettext_lazy("Title"),
    "key": gettext_lazy("Metric"),
    "keys": gettext_lazy("Metrics"),
    "right": gettext_lazy("On the right axis"),
    "thresholds": gettext_lazy("Thresholds"),
    "band": gettext_lazy("Lowest to highest as a band"),
    "minimum": gettext_lazy("From"),
    "maximum": gettext_lazy("To"),
    "devices": gettext_lazy("Devices"),
    "text": gettext_lazy("Text"),
    "value": gettext_lazy("Value"),
    "level": gettext_lazy("Level"),
    "above": gettext_lazy("From there upwards"),
    "label": gettext_lazy("Called"),
    "trend": gettext_lazy("Least, mean, most and change"),
    "of": gettext_lazy("What of it"),
    "increase": gettext_lazy("what it rose by"),
    "mean": gettext_lazy("its mean"),
    "min": gettext_lazy("its least"),
    "max": gettext_lazy("its most"),
    "bucket": gettext_lazy("For each"),
    "hour": gettext_lazy("hour"),
    "day": gettext_lazy("day"),
    "week": gettext_lazy("week"),
    "month": gettext_lazy("month"),
    "count": gettext_lazy("How many"),
    "compare": gettext_lazy("Beside the period before"),
    "days": gettext_lazy("Days"),
    "bins": gettext_lazy("Ranges"),
    "against": gettext_lazy("Against"),
    "site": gettext_lazy("Site (its address)"),
    "type": gettext_lazy("Device type"),
    "tag": gettext_lazy("Tag"),
    "state": gettext_lazy("State"),
    "links": gettext_lazy("Links"),
    "url": gettext_lazy("Address"),
    "picture": gettext_lazy("Picture"),
    "alt": gettext_lazy("What it shows, in words"),
    "pins": gettext_lazy("On it"),
    "x": gettext_lazy("From the left (0 to 1)"),
    "y": gettext_lazy("From above (0 to 1)"),
    "latitude": gettext_lazy("Metric of the latitude"),
    "longitude": gettext_lazy("Metric of the longitude"),
    "trail": gettext_lazy("With the way they came"),
    "device": gettext_lazy("Device (its key)"),
    "warn": gettext_lazy("to be looked at"),
    "bad": gettext_lazy("bad"),
}


def words() -> dict[str, str]:
    """Return what options, and what can be chosen of them, are called."""
    return {name: str(words) for name, words in _WORDS.items()}


def kinds() -> list[dict[str, Any]]:
    """Return the widgets that can be chosen: how they are called, how large they begin, options.

    `schema` is JSON Schema as pydantic makes it.
    """
    return [
        {
            "kind": widget.name,
            "label": str(widget.label or widget.name),
            "size": list(widget.size),
            "schema": widget.schema.model_json_schema(),
        }
        for widget in sorted(all_widgets(), key=lambda one: str(one.label or one.name))
    ]


def checked_widget(given: Any, before: Any) -> tuple[PlacedWidget, list[Variable]]:
    """Return a widget that an editor wants to see, and the variables beside it.

    Raises:
        WrongSpecification: says which of its options is wrong, by name.
    """
    if not isinstance(given, dict) or set(given) - {"widget", "variables"}:
        raise WrongSpecification([("", gettext("this is no widget"))])
    whole = {
        "version": VERSION,
        "widgets": [given.get("widget")],
        "variables": given.get("variables") or [],
    }
    try:
        made = checked(whole, before)
    except WrongSpecification as error:
        problems = [(_field(where), words) for where, words in error.problems]
        raise WrongSpecification(problems) from error
    one = PlacedWidget.model_validate(made["widgets"][0])
    return one, [Variable.model_validate(each) for each in made["variables"]]


def _field(where: str) -> str:
    """Return the name of an option, of `widgets.0.options.{name}`."""
    return where.removeprefix("widgets.0.").removeprefix("options.")
