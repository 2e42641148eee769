"""Values by topic levels: subscriptions by their filters, retained messages by their topics.

Both questions walk a tree whose edges are levels, so that their cost is what is found on the
way, not all there is.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("children", "names", "value")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.value: T | None = None
        # Of the children, in order, since somebody went through them: whoever rests on the way
        # keeps the last name alone.
        self.names: list[str] | None = None

    def add(self, name: str) -> "_Node[T]":
        """Return a new child."""
        made = self.children[name] = _Node()
        if self.names is not None:
            insort(self.names, name)
        return made

    def drop(self, name: str) -> None:
        """Take a child away."""
        del self.children[name]
        if self.names is not None:
            del self.names[bisect_left(self.names, name)]

    def each(self) -> "Iterator[tuple[str, _Node[T]]]":
        """Yield the children by name; what comes and goes meanwhile may be among them or not."""
        if self.names is None:
            self.names = sorted(self.children)
        last: str | None = None
        while True:
            at = 0 if last is None else bisect_right(self.names, last)
            if at >= len(self.names):
                return
            last = self.names[at]
            yield last, self.children[last]


class TopicTree(Generic[T]):
    """A value for each sequence of levels."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def get(self, levels: Sequence[str]) -> T | None:
        """Return the value at `levels`."""
        node = self._root
        for level in levels:
            found = node.children.get(level)
            if found is None:
                return None
            node = found
        return node.value

    def set(self, levels: Sequence[str], value: T) -> None:
        """Put `value` at `levels`."""
        node = self._root
        for level in levels:
            found = node.children.get(level)
            if found is None:
                found = node.add(level)
            node = found
        node.value = value

    def remove(self, levels: Sequence[str]) -> None:
        """Take away the value at `levels`, with what leads nowhere then."""
        path = [self._root]
        for level in levels:
            found = path[-1].children.get(level)
            if found is None:
                return
            path.append(found)
        path[-1].value = None
        for place in range(len(levels), 0, -1):
            if path[place].value is not None or path[place].children:
                return
            path[place - 1].drop(levels[place - 1])

    def values(self) -> Iterator[T]:
        """Yield every value."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            nodes += node.children.values()
            if node.value is not None:
                yield node.value

    def matching(self, topic: Sequence[str]) -> Iterator[T]:
        """Yield the value of each filter that matches the topic with these levels."""
        last = len(topic)
        nodes = [(self._root, 0)]
        while nodes:
            node, at = nodes.pop()
            children = node.children
            # Topics that begin with $ are no wildcard's first level [MQTT-4.7.2-1].
            wild = at or not topic[0].startswith("$")
            many = children.get("#") if wild else None
            if many is not None and many.value is not None:
                yield many.value
            if at == last:
                if node.value is not None:
                    yield node.value
                continue
            one = children.get("+") if wild else None
            if one is not None:
                nodes.append((one, at + 1))
            named = children.get(topic[at])
            if named is not None and topic[at] not in {"+", "#"}:
                nodes.append((named, at + 1))

    def matched_by(self, levels: Sequence[str]) -> Iterator[T | None]:
        """Yield the value of each topic that the filter with these levels matches.

        None is yielded for every node on the way that has no value, so that whoever asks can
        stop for a while. What is added or removed meanwhile may be found or not.
        """
        # A step for each level on the way, not for each topic that is still to come.
        steps: list[Iterator[tuple[_Node[T], int]]] = [iter([(self._root, 0)])]
        while steps:
            step = next(steps[-1], None)
            if step is None:
                steps.pop()
                continue
            node, at = step
            level = levels[at] if at < len(levels) else ""
            is_there = at == len(levels) or level == "#"
            yield node.value if is_there else None
            if at < len(levels):
                steps.append(self._below(node, at, level))

    def _below(self, node: _Node[T], at: int, level: str) -> Iterator[tuple[_Node[T], int]]:
        if level not in {"+", "#"}:
            child = node.children.get(level)
            return iter([(child, at + 1)] if child is not None else [])
        after = at if level == "#" else at + 1
        is_first = node is self._root and not at
        return (
            (child, after) for name, child in node.each() if not (is_first and name.startswith("$"))
        )
