"""What two people changed of one board at the same time, put together.

Both began from `base`. What only one of them changed is taken. Where both changed the same
thing, that is a conflict, but for where widgets are: there the last one wins, because moving
one widget pushes others.
"""

from collections.abc import Iterable
from typing import Any

from dashboards.boards.specification import COLUMNS, widgets_of

_POSITION, _SIZE = ("x", "y"), ("w", "h")
_PLACE = (*_POSITION, *_SIZE)
_MISSING: Any = object()


class Conflict(Exception):
    """Both changed the same thing.

    Args:
        names: what: ids of widgets, or names of parts of the specification.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def merged(
    base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any], *, prefer_mine: bool
) -> dict[str, Any]:
    """Return `theirs` with what `mine` changed since `base`.

    Args:
        base: what both began from.
        theirs: what is stored by now.
        mine: what is to be stored.
        prefer_mine: whether mine wins where both changed the same thing.

    Raises:
        Conflict: both changed the same thing, and nobody said who wins.
    """
    conflicts: list[str] = []

    def choose(name: str, was: Any, there: Any, here: Any) -> Any:
        if here in (was, there):
            return there
        if there != was and not prefer_mine:
            conflicts.append(name)
        return here

    names = dict.fromkeys([*theirs, *mine])
    found = {
        name: choose(name, base.get(name), theirs.get(name), mine.get(name))
        for name in names
        if name != "widgets"
    }
    found["widgets"] = list(_widgets(base, theirs, mine, choose))
    if conflicts:
        raise Conflict(conflicts)
    return found


def _widgets(
    base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any], choose: Any
) -> Iterable[dict[str, Any]]:
    was, there, here = (
        {one["id"]: one for one in widgets_of(all_)} for all_ in (base, theirs, mine)
    )
    for name in dict.fromkeys([*there, *here]):
        versions = [side.get(name) for side in (was, there, here)]
        content = choose(name, *(_content(one) for one in versions))
        if content is _MISSING:
            continue
        yield {"id": name, **content, **_placed(*versions)}


def _content(one: dict[str, Any] | None) -> Any:
    if one is None:
        return _MISSING
    return {name: value for name, value in one.items() if name not in ("id", *_PLACE)}


def _placed(
    was: dict[str, Any] | None, there: dict[str, Any] | None, here: dict[str, Any] | None
) -> dict[str, Any]:
    """Return where a widget is: one may have moved it while the other made it larger."""
    found: dict[str, Any] = {}
    names: tuple[str, ...]
    for names in (_POSITION, _SIZE):
        before, theirs, mine = (
            None if one is None else {name: one[name] for name in names if name in one}
            for one in (was, there, here)
        )
        found |= (mine if mine not in (None, before) else theirs or mine) or {}
    if found.keys() >= {"x", "w"}:
        found["x"] = max(0, min(found["x"], COLUMNS - found["w"]))
    return found


def without_overlaps(widgets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `widgets` moved down as far as they lie on others, and up as far as they can.

    What two people placed may lie on one another. The first of two, from above and from the
    start, stays.
    """
    free_from = [0] * COLUMNS
    found = []
    for one in sorted(widgets, key=lambda one: (one["y"], one["x"])):
        across = range(one["x"], min(COLUMNS, one["x"] + one["w"]))
        y = max(free_from[column] for column in across)
        for column in across:
            free_from[column] = y + one["h"]
        found.append({**one, "y": y})
    return found
