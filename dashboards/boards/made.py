"""Boards that people made, as they are shown: nothing that was stored makes a page fail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from pydantic import ValidationError

from dashboards.boards import rendering
from dashboards.boards.rendering import Placed
from dashboards.boards.specification import (
    VERSION,
    PlacedWidget,
    Placing,
    Variable,
    listed,
    widgets_of,
)
from dashboards.boards.variables import Choice, Resolver, chosen
from dashboards.widgets import Widget, find
from dashboards.widgets.newest import TextOptions
from devices.access import Scope
from devices.registry.states import AsOf

# Values and devices of all widgets of a page; widgets that read for themselves.
CELLS, HEAVY = 2_000, 12


class Unreadable(Widget[TextOptions]):
    """In place of a widget that cannot be shown: what is wrong with it."""

    name = "unreadable"
    module = "dashboards/js/widgets/server-rendered.js"
    schema = TextOptions
    template = "dashboards/widgets/text.html"


@dataclass(slots=True)
class Page:
    """A board, as somebody looks at it.

    Args:
        placed: its widgets in the order that they are read in.
        places: where each is, in the same order.
        choices: its variables.
        minutes: how long a stretch of time it shows at first.
        problem: what is wrong with all of it; empty: nothing.
    """

    placed: list[Placed]
    places: list[Placing]
    choices: list[Choice]
    minutes: int = 60
    problem: str = ""

    @property
    def zone(self) -> str:
        """Return the time zone that somebody chose for the board; empty: one's own."""
        return next((one.value for one in self.choices if one.variable.kind == "zone"), "")

    @property
    def css(self) -> str:
        """Return the rules that put widgets where they are, on wide screens."""
        rules = (
            f"#w-{one.id}{{grid-area:{at.y + 1}/{at.x + 1}/span {at.h}/span {at.w}}}"
            for one, at in zip(self.placed, self.places, strict=True)
        )
        return f"@media (min-width:701px){{{''.join(rules)}}}"


def page(
    stored: Any,
    asked: Mapping[str, str],
    scope: Scope,
    now: datetime | AsOf,
    board: int | None = None,
) -> Page:
    """Return the page of a board.

    Args:
        stored: its specification.
        asked: what is chosen of its variables, by `var-{name}`.
        scope: of the person who looks.
        now: the time, or as of when devices are known.
        board: whose it is (pk): of pictures, it shows its own alone.
    """
    version = stored.get("version") if isinstance(stored, dict) else None
    if version != VERSION:
        words = gettext("This board was made by another version (%s) and cannot be shown.")
        return Page([], [], [], problem=words % version)
    choices = chosen(_variables(stored), asked, scope)
    given = sorted(_readable(stored), key=lambda one: (one.y, one.x))
    resolver = Resolver(choices, [one.options for one in given])
    made = _bounded([_widget(one, resolver) for one in given])
    placed = rendering.place((widget for widget, _note in made), scope, now)
    for shown, one, (_made, note) in zip(placed, given, made, strict=True):
        shown.id, shown.note = one.id, note
        picture = shown.more.get("picture")
        if picture is not None and picture.board_id != board:
            shown.more["picture"] = None
    minutes = stored.get("minutes")
    return Page(placed, list(given), list(choices.values()), minutes if _is_span(minutes) else 60)


def one_widget(
    given: PlacedWidget,
    variables: Iterable[Variable],
    scope: Scope,
    now: datetime | AsOf,
    board: int | None = None,
) -> Placed:
    """Return one widget of a board, as an editor shows it, with the first choices."""
    stored = {
        "version": VERSION,
        "widgets": [given.model_dump()],
        "variables": [one.model_dump() for one in variables],
    }
    return page(stored, {}, scope, now, board).placed[0]


def _is_span(minutes: Any) -> bool:
    return isinstance(minutes, int) and minutes > 0


def _variables(stored: dict[str, Any]) -> list[Variable]:
    found = (_or_none(Variable, one) for one in listed(stored, "variables"))
    return [one for one in found if one]


def _or_none(schema: Any, given: Any) -> Any:
    try:
        return schema.model_validate(given)
    except ValidationError:
        return None


def _readable(stored: dict[str, Any]) -> Iterable[PlacedWidget]:
    """Return the widgets; one without a place that can be read comes below all others."""
    for number, one in enumerate(widgets_of(stored)):
        ours = {name: value for name, value in one.items() if name in PlacedWidget.model_fields}
        below = {"x": 0, "y": 1_000, "w": 4, "h": 2}
        yield _or_none(PlacedWidget, ours) or PlacedWidget(
            id=f"unread-{number}", kind="?", options={}, **below
        )


def _widget(one: PlacedWidget, resolver: Resolver) -> tuple[Widget[Any], str]:
    """Return a widget, or what says why there is none; and what is to be known of it."""
    try:
        kind = find(one.kind)
    except LookupError:
        return _unreadable(one, gettext("The app of this widget (%s) is not installed.") % one.kind)
    options = resolver.resolved(one.options)
    note = _cut(kind, options)
    try:
        return kind.of(options), note
    except ValidationError as error:
        return _unreadable(one, _words(error, one.options, options))


def _bounded(made: list[tuple[Widget[Any], str]]) -> list[tuple[Widget[Any], str]]:
    """Return widgets, those that one page has no room for replaced by words that say so."""
    found: list[tuple[Widget[Any], str]] = []
    cells = heavy = 0
    for widget, note in made:
        query = widget.query()
        cells += len(query.keys if query else ()) + len(widget.devices())
        heavy += type(widget).read is not Widget.read
        if cells > CELLS or heavy > HEAVY:
            words = gettext("There is no room for this on one board: make another one.")
            found.append((Unreadable(TextOptions(title=widget.options.title, text=words)), ""))
        else:
            found.append((widget, note))
    return found


def _unreadable(one: PlacedWidget, words: str) -> tuple[Widget[Any], str]:
    title = one.options.get("title")
    options = TextOptions(title=title if isinstance(title, str) else one.kind, text=words)
    return Unreadable(options), ""


def _words(error: ValidationError, written: dict[str, Any], options: dict[str, Any]) -> str:
    if any(written.get(name) and not options.get(name) for name in ("key", "keys", "devices")):
        return gettext("There is nothing to show for what is chosen above.")
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return gettext("This cannot be shown: %s") % f"{where}: {first['msg']}"


def _cut(kind: type[Widget[Any]], options: dict[str, Any]) -> str:
    """Leave of each list what there is room for; return what was left out, in words."""
    for name, info in kind.schema.model_fields.items():
        lengths = (getattr(one, "max_length", None) for one in info.metadata)
        most = next(filter(None, lengths), None)
        value = options.get(name)
        if most is not None and isinstance(value, str):
            options[name] = value[:most]
        if most is None or not isinstance(value, list) or len(value) <= most:
            continue
        options[name] = value[:most]
        told = {"shown": most, "total": len(value)}
        return gettext("%(shown)d of %(total)d are shown.") % told
    return ""


def placed_automatically(widgets: Sequence[Widget[Any]]) -> dict[str, Any]:
    """Return `widgets` as a specification: each as far up, then as far left, as there is room."""
    columns = [0] * 12
    placed = []
    for number, widget in enumerate(widgets):
        w, h = widget.size
        x = min(range(13 - w), key=lambda at: (max(columns[at : at + w]), at))
        y = max(columns[x : x + w])
        columns[x : x + w] = [y + h] * w
        options = widget.options.model_dump(mode="json", exclude_defaults=True)
        one = {"id": f"w{number + 1}", "kind": widget.name, "options": options}
        placed.append({**one, "x": x, "y": y, "w": w, "h": h})
    return {"version": VERSION, "widgets": placed}
