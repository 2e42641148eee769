"""How much an SVG draws: what is copied, masked or painted with counts for each time it is.

A drawing of a few kB can refer to itself from level to level, ten times each: browsers would
draw it for minutes. https://www.w3.org/TR/SVG2/struct.html#UseElement
"""

import re
from xml.etree.ElementTree import Element

# Parts that are drawn, each counted as often as it is; references one behind the other.
DRAWN, DEEP = 100_000, 40
# What a reference costs besides: a mask is a picture of its own.
_COST = {"mask": 200, "pattern": 50, "clipPath": 20, "marker": 20}
_REFERENCE = re.compile(r"(?i)url\s*\(\s*['\"]?\s*#([^)'\"\s]+)")
_XLINK = "{http://www.w3.org/1999/xlink}href"


def is_drawn_within_bounds(root: Element) -> bool:
    """Return whether `root`, with all that is referred to, is drawn of so many parts at most.

    What refers to itself is not.
    """
    return _Counting(root).of(root) <= DRAWN


class _Counting:
    """Counts what elements are drawn of, each only once."""

    def __init__(self, root: Element) -> None:
        self._named = {one.get("id"): one for one in root.iter() if one.get("id")}
        self._known: dict[int, float] = {}
        self._depth = 0

    def of(self, element: Element) -> float:
        """Return of how many parts `element` is drawn; infinity: it refers to itself."""
        which = id(element)
        if which not in self._known:
            # Met again before it is known, it is within itself.
            self._known[which] = float("inf")
            self._depth += 1
            if self._depth <= DEEP:
                self._known[which] = sum(map(self._alone, element.iter()), 0.0)
            self._depth -= 1
        return self._known[which]

    def _alone(self, element: Element) -> float:
        total = 1.0
        for name in _references(element):
            target = self._named.get(name)
            if target is not None:
                kind = str(target.tag).rpartition("}")[2]
                total += _COST.get(kind, 0) + self.of(target)
        return total


def _references(element: Element) -> list[str]:
    """Return the ids that one element, without those in it, refers to."""
    found: list[str] = []
    for name, value in element.attrib.items():
        if name in {"href", _XLINK} and value.startswith("#"):
            found.append(value[1:])
        elif "#" in value:
            found += _REFERENCE.findall(value)
    return found
