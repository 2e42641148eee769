"""The widgets that there are, by name."""

from typing import Any, TypeVar

from dashboards.widgets.base import Widget

WidgetT = TypeVar("WidgetT", bound=type[Widget[Any]])
_known: dict[str, type[Widget[Any]]] = {}


def register(widget: WidgetT) -> WidgetT:
    """Make `widget` known under its name; a decorator.

    Raises:
        ValueError: there is another one with that name.
    """
    if _known.setdefault(widget.name, widget) is not widget:
        other = _known[widget.name]
        raise ValueError(
            f"There are two widgets called {widget.name!r}: {other.__module__}.{other.__name__} "
            f"and {widget.__module__}.{widget.__name__}. Give yours another name."
        )
    return widget


def find(name: str) -> type[Widget[Any]]:
    """Return the widget called `name`.

    Raises:
        LookupError: there is none, with the names there are.
    """
    try:
        return _known[name]
    except KeyError as error:
        raise LookupError(
            f"There is no widget {name!r}; there are {', '.join(sorted(_known))}."
        ) from error


def all_widgets() -> list[type[Widget[Any]]]:
    """Return every widget, those that are asked first for offers first."""
    return sorted(_known.values(), key=lambda widget: (widget.order, widget.name))
