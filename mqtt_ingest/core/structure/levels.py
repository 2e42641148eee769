"""Which level of a topic is the device.

Levels at the end that only tell what is measured, and how it is sent, are taken off: by what
their words mean, and by what repeats. A word that comes again as the last level below other
parents is a metric; an inner level that comes again below other parents is a part; a level
that varies while the tree below it has the same shape is a device.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from mqtt_ingest.core.structure import words

Path = tuple[str, ...]
# Of thousands that are alike so many tell as much as all of them.
LOOKED_AT = 300


class Tree:
    """Topics as a tree, with what repeats in it."""

    def __init__(
        self, topics: Iterable[Sequence[str]], whole: Iterable[Sequence[str]] = ()
    ) -> None:
        """Take topics.

        Args:
            topics: levels of each that carries a bare value: its last level is a metric.
            whole: levels of each that carries several values: it may be a device itself.
        """
        self._below: dict[Path, set[str]] = defaultdict(set)
        self._leaves: set[Path] = set()
        self._whole = {tuple(levels) for levels in whole}
        for levels in topics:
            self._leaves.add(tuple(levels))
        for path in self._leaves | self._whole:
            for place in range(len(path)):
                self._below[path[:place]].add(path[place])
        # A last level -> the parents below which it comes; and inner levels with their shapes.
        self._parents: dict[str, set[Path]] = defaultdict(set)
        for leaf in self._leaves:
            self._parents[leaf[-1]].add(leaf[:-1])
        # By level and what is above its parent.
        self._inner: dict[tuple[str, Path], dict[Path, frozenset[str]]] = defaultdict(dict)
        for path, below in self._below.items():
            if len(path) > 1:
                self._inner[path[-1], path[:-2]][path[:-1]] = frozenset(below)
        self._siblings: dict[Path, list[str]] = {}

    def _beside(self, path: Path) -> list[str]:
        """Return levels beside the last one of `path`, itself among them: as many as tell."""
        parent = path[:-1]
        if parent not in self._siblings:
            self._siblings[parent] = sorted(self._below[parent])[:LOOKED_AT]
        return self._siblings[parent]

    def device(self, levels: Sequence[str], *, is_whole: bool) -> int:
        """Return how many levels of a topic lead to its device, that included; at least 1.

        Args:
            levels: of the topic.
            is_whole: it carries several values.
        """
        end = len(levels)
        if not is_whole:
            end -= 1
        while end > 1 and self._is_part(levels, end, is_whole=is_whole):
            end -= 1
        return max(1, end) if levels[0] or end > 1 else min(2, len(levels))

    def _is_part(self, levels: Sequence[str], end: int, *, is_whole: bool) -> bool:
        """Return whether the last of the first `end` levels is a part, and no device."""
        level, parent = levels[end - 1], levels[end - 2]
        if words.is_id(level):
            return False
        if words.is_number(level):
            # An index belongs to what it counts: to a part, or to a kind of device.
            return words.is_part(parent)
        if self._is_one_of_several(levels, end):
            return False
        if words.is_part(level):
            return True
        # What comes again in every hall or line is a machine of each, and no part of the hall.
        if not words.is_place(parent) and self._recurs(levels, end):
            return True
        # What lies below something that is measured is a part of that.
        if end >= 3 and words.is_part(parent) and not words.is_group(parent):
            return True
        is_last = end == len(levels)
        return not (is_whole and is_last) and self._siblings_are_parts(levels, end)

    def _is_one_of_several(self, levels: Sequence[str], end: int) -> bool:
        """Return whether levels that differ by their number alone have the same below them."""
        path, own = tuple(levels[:end]), words.stem(levels[end - 1])
        below = self._below.get(path)
        if not own or not below or all(words.is_group(one) for one in below):
            return False
        return any(
            words.stem(other) == own and self._below.get((*path[:-1], other), set()) & below
            for other in self._beside(path)
            if other != path[-1]
        )

    def _recurs(self, levels: Sequence[str], end: int) -> bool:
        """Return whether the level comes again, with the same below it, under another parent."""
        path = tuple(levels[:end])
        others = self._inner.get((path[-1], path[:-2]), {})
        own = others.get(path[:-1])
        if own is None or len(path) < 2:
            return False
        return (
            any(
                parent != path[:-1] and shape & own
                for parent, shape in islice(others.items(), LOOKED_AT)
            )
            and len(self._below[path[:-1]]) < len(self._below[path[:-2]]) + 1
        )

    def _siblings_are_parts(self, levels: Sequence[str], end: int) -> bool:
        """Return whether the level has words of a part, and those beside it are such."""
        if not words.has_part(levels[end - 1]):
            return False
        siblings = [one for one in self._beside(tuple(levels[:end])) if one != levels[end - 1]]
        parts = [one for one in siblings if words.has_part(one)]
        return len(parts) * 2 >= len(siblings)
