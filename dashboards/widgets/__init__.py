"""Widgets: what a board is made of. One class here and one ES module in the browser each.

A class says what may be set (`options`), which series are read (`query`) and, for the
boards that make themselves, which series of a site or device type it would show (`offers`).
Apps in EXTRA_APPS bring theirs in a module `widgets`: docs/howto/add-a-widget.md.
"""

from dashboards.widgets import alarms, calendar, charts, lists, newest, pictures, places, spread
from dashboards.widgets.base import Key, Offer, Options, Query, Threshold, Widget
from dashboards.widgets.registry import all_widgets, find, register

__all__ = [
    "Key",
    "Offer",
    "Options",
    "Query",
    "Threshold",
    "Widget",
    "alarms",
    "all_widgets",
    "calendar",
    "charts",
    "find",
    "lists",
    "newest",
    "pictures",
    "places",
    "register",
    "spread",
]
