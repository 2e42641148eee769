"""Which Sources a packet goes to: their topic filters in a tree.

A packet is offered to the Sources whose filters match its topic, most specific first, until
one of them says that it is its own. What it costs depends on the levels of the topic, not on
how many Sources there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.sharing import bare

# Longer topics are looked up each time: what is remembered stays bounded, whoever sends.
MAX_TOPIC, MAX_REMEMBERED = 128, 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A Source's name with the filters of its packets and how they are read."""

    source: str
    convention: Convention
    limits: Limits
    filters: Sequence[str] = ()


@dataclass(slots=True)
class _Node:
    below: dict[str, "_Node"] = field(default_factory=dict)
    # Whose filters end here, and whose end here with `/#`.
    ends: list[Route] = field(default_factory=list)
    all_below: list[Route] = field(default_factory=list)


class Router:
    """Routes by topic filter (MQTT 3.1.1, section 4.7)."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take `routes`; of filters that are equally specific, those of the first come first."""
        self.routes = list(routes)
        self._root = _Node()
        # Topics that came before, and each sequence of routes once.
        self._remembered: dict[str, tuple[Route, ...]] = {}
        self._same: dict[tuple[Route, ...], tuple[Route, ...]] = {}
        for route in self.routes:
            # A route without filters is asked for each packet.
            for topic_filter in dict.fromkeys(route.filters or ("#",)):
                self._add(bare(topic_filter), route)

    def _add(self, topic_filter: str, route: Route) -> None:
        node = self._root
        *levels, last = topic_filter.split("/")
        for level in levels:
            node = node.below.setdefault(level, _Node())
        if last == "#":
            node.all_below.append(route)
        else:
            node.below.setdefault(last, _Node()).ends.append(route)

    def routes_of(self, topic: str) -> Sequence[Route]:
        """Return the routes whose filters match `topic`, each once, most specific first."""
        found = self._remembered.get(topic)
        if found is None:
            made = tuple(self._find(topic))
            found = self._same.setdefault(made, made)
            if len(topic) <= MAX_TOPIC:
                if len(self._remembered) >= MAX_REMEMBERED:
                    self._remembered.clear()
                self._remembered[topic] = found
        return found

    def _find(self, topic: str) -> list[Route]:
        levels = topic.split("/")
        found: list[Route] = []
        for routes in _matching(self._root, levels, 0, hidden=topic[:1] == "$"):
            found += [route for route in routes if route not in found] if found else routes
        if len(found) > 1 and any(route.convention.comes_last for route in found):
            found.sort(key=lambda route: route.convention.comes_last)
        return found


def _matching(node: _Node, levels: list[str], at: int, *, hidden: bool) -> Iterator[list[Route]]:
    """Yield what matches from `node` on: names before `+`, and `+` before `#`.

    Args:
        node: what the levels before `at` led to.
        levels: of the topic.
        at: the level that comes next.
        hidden: the topic begins with `$`, which no wildcard matches first.
    """
    if at == len(levels):
        yield node.ends
    else:
        below = node.below
        named = below.get(levels[at])
        if named is not None:
            yield from _matching(named, levels, at + 1, hidden=False)
        if "+" in below and not hidden:
            yield from _matching(below["+"], levels, at + 1, hidden=False)
    if node.all_below and not hidden:
        yield node.all_below
