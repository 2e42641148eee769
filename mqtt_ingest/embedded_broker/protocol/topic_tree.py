"""Values by topic levels: subscriptions by their filters, retained messages by their topics.

Both questions walk a tree whose edges are levels, so that their cost is what is found on the
way, not all there is.
"""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("children", "value")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.value: T | None = None


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
                found = node.children[level] = _Node()
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
            del path[place - 1].children[levels[place - 1]]

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
        nodes = [(self._root, 0)]
        while nodes:
            node, at = nodes.pop()
            level = levels[at] if at < len(levels) else ""
            if at == len(levels) or level == "#":
                yield node.value
            else:
                yield None
            if at == len(levels):
                continue
            if level in {"+", "#"}:
                after = at if level == "#" else at + 1
                nodes += [
                    (child, after)
                    for name, child in node.children.items()
                    if at or node is not self._root or not name.startswith("$")
                ]
            else:
                child = node.children.get(level)
                if child is not None:
                    nodes.append((child, at + 1))
