"""The names of metrics, for the search: few differ, among very many series."""

import time
from threading import Lock

from devices.models import Series

# More names than these are looked for in the table itself.
MOST_NAMES = 20_000
# What was read serves so many times as long as reading it took: a table of ten series is as good
# as never behind, and one of a million costs a fiftieth of a processor at most.
SERVES = 50

Name = tuple[str, str]
_lock = Lock()
_read: tuple[float, list[Name] | None] = (0.0, None)


def named(words: list[str]) -> list[Name] | None:
    """Return metric and label of those that have every word in one of them.

    None: there are too many names to keep.
    """
    names = _names()
    if names is None:
        return None
    small = [word.lower() for word in words]
    return [
        one
        for one in names
        if all(word in one[0].lower() or word in one[1].lower() for word in small)
    ]


def forget() -> None:
    """Read the names again when they are asked for next."""
    global _read  # noqa: PLW0603 # of this process
    _read = (0.0, None)


def _names() -> list[Name] | None:
    global _read  # noqa: PLW0603 # of this process
    with _lock:
        until, names = _read
        began = time.monotonic()
        if began < until:
            return names
        rows = Series.objects.filter(hidden=False).order_by().values_list("metric", "label")
        found = list(rows.distinct()[: MOST_NAMES + 1])
        names = sorted(found) if len(found) <= MOST_NAMES else None
        took = time.monotonic() - began
        _read = (began + took * (1 + SERVES), names)
        return names
