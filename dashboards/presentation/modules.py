"""Which ES modules a page needs: told in its head, so that browsers ask for all at once.

A module names those that it imports, which a browser learns of only when it has read it: on
a phone's line each step of that chain costs a round trip.
"""

import re
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, normpath

from django.contrib.staticfiles.finders import find

ENTRY = "dashboards/js/main.js"
# Name of a path -> the module of its page; `js/main.js` has the same by `data-page`.
PAGES = {
    **dict.fromkeys(("site-board", "type-board", "unsited-board", "board"), "board"),
    "shared": "shared",
    "edit-board": "board-editor",
    **{
        name: name
        for name in ("overview", "device", "inspect", "jobs", "connect", "status", "alarms")
    },
    "alarm-rule": "alarm-rule",
    "new-alarm-rule": "alarm-rule",
    "device-connection": "inspect",
    "wall": "wall",
    "kiosk": "wall",
}
_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "(\.[^"]+)";', re.MULTILINE | re.DOTALL)
# Of a board: what its widgets are made of.
_WIDGETS = ("value", "lines", "gauge", "timeline", "server-rendered")
# Those that boards of people have besides are asked for when they are met.


def needed(view: str) -> tuple[str, ...]:
    """Return the static paths of all modules that the page of a path's name needs."""
    page = PAGES.get(view, "")
    entries = [ENTRY]
    if page:
        entries.append(f"dashboards/js/pages/{page}.js")
    if page == "shared":
        entries.append("dashboards/js/pages/board.js")
    if page in {"board", "board-editor", "shared"}:
        entries += [f"dashboards/js/widgets/{name}.js" for name in _WIDGETS]
    return _graph(tuple(entries))


@lru_cache(maxsize=32)
def _graph(entries: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(entries)
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        found[path] = None
        waiting += [normpath(f"{dirname(path)}/{name}") for name in _imports(path)]
    return tuple(found)


def _imports(path: str) -> list[str]:
    place = find(path)
    return _IMPORT.findall(Path(place).read_text()) if isinstance(place, str) else []
