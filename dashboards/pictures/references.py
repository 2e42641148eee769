"""How much an SVG draws: what is copied, masked or painted with counts for each time it is.

A drawing of a few kB can refer to itself from level to level, ten times each: browsers would
draw it for minutes. So would they one of endless dashes, or a marker on each of a million
points. https://www.w3.org/TR/SVG2/struct.html#UseElement

References are kept in one plain spelling alone, and each name once, so that what is counted
here is what is drawn there.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

# What is drawn, each part counted as often as it is; references one behind the other.
DRAWN, DEEP = 100_000, 40
# What a reference costs besides: a mask is a picture of its own.
_COST = {
    **{"mask": 200, "pattern": 50, "clipPath": 20, "marker": 20},
    **{"linearGradient": 20, "radialGradient": 20},
}
# A part that is seen through is a picture of its own, too.
_THROUGH = 50
# Characters of outlines and texts, and dashes, that cost as much as a part.
_LETTERS, _DASHES = 50, 200
_NAME = r"[A-Za-z_][\w.:-]{0,199}"
NAME = re.compile(rf"^{_NAME}\Z", re.ASCII)
INSIDE = re.compile(rf"^#{_NAME}\Z", re.ASCII)
URL = re.compile(rf"""url\((?P<quote>['"]?)#(?P<name>{_NAME})(?P=quote)\)""", re.ASCII)
_URL_BEGINS = re.compile(r"(?i)url\s*\(")
_XLINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?")
_GEOMETRY = ("d", "points", "x", "y", "width", "height", "r", "rx", "ry", "x1", "x2", "y1", "y2")
_MARKERS = frozenset({"marker", "marker-start", "marker-mid", "marker-end"})
# An outline is no longer than this times all its numbers: round a circle it goes 2 pi times.
_ROUND = 7


def are_plain(value: str) -> bool:
    """Return whether all references in a value are spelled as they are counted."""
    return len(_URL_BEGINS.findall(value)) == sum(1 for _one in URL.finditer(value))


def name_once(root: Element) -> None:
    """Leave each name to the first that has it, as browsers do; take odd ones off."""
    seen: set[str] = set()
    for one in root.iter():
        name = one.get("id")
        if name is None:
            continue
        if name in seen or not NAME.match(name):
            del one.attrib["id"]
        seen.add(name)


def is_drawn_within_bounds(root: Element) -> bool:
    """Return whether `root`, with all that is referred to, costs so much at most.

    What refers to itself does not.
    """
    return _Counting(root).of(root) <= DRAWN


class _Counting:
    """Counts what elements cost to draw, each only once."""

    def __init__(self, root: Element) -> None:
        self._named = {one.get("id"): one for one in root.iter() if one.get("id")}
        self._known: dict[int, float] = {}
        self._depth = 0
        # Dashes are inherited: the shortest may be anybody's.
        self._dash = min(map(_dash_of, root.iter()))

    def of(self, element: Element) -> float:
        """Return what `element` costs; infinity: it refers to itself."""
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
        outline = element.get("d", "") + element.get("points", "")
        total = 1.0 + (len(outline) + len(element.text or "")) / _LETTERS
        if self._dash < float("inf"):
            total += _ROUND * _length(element) / self._dash / _DASHES
        style = element.get("style", "")
        total += _THROUGH * ("opacity" in element.attrib or "opacity" in style)
        for name, times in _references(element):
            target = self._named.get(name)
            if target is not None:
                kind = str(target.tag).rpartition("}")[2]
                total += times * (_COST.get(kind, 0) + self.of(target))
        return total


def _references(element: Element) -> Iterator[tuple[str, int]]:
    """Yield what one element refers to, and how often that is drawn: by all in it, at most."""
    for name, value in element.attrib.items():
        if name in {"href", _XLINK} and value.startswith("#"):
            yield value[1:], 1
        elif "#" in value:
            marks = name in _MARKERS or (name == "style" and "marker" in value)
            times = sum(_points(one) if marks else 1 for one in element.iter())
            for found in URL.finditer(value):
                yield found["name"], times


def _points(element: Element) -> int:
    """Return at least as many as the outline of an element has."""
    return 1 + (len(element.get("d", "")) + len(element.get("points", ""))) // 4


def _length(element: Element) -> float:
    """Return more than how long the outline of an element is."""
    return sum(
        min(float(number), 1e12)
        for name in _GEOMETRY
        if name in element.attrib
        for number in _NUMBER.findall(element.attrib[name])
    )


def _dash_of(element: Element) -> float:
    """Return how long a dash with its gap is; infinity: there are none."""
    styles = element.get("style", "").split("stroke-dasharray")[1:]
    said = [element.get("stroke-dasharray", ""), *(one.partition(";")[0] for one in styles)]
    found = [_NUMBER.findall(one) for one in said]
    # What several declarations say may all hold, where a browser knows one of them alone.
    lengths = [max(sum(map(float, numbers)), 1e-6) for numbers in found if numbers]
    return min(lengths, default=float("inf"))
