"""Topic names and filters (MQTT 3.1.1, section 4.7)."""

from dataclasses import dataclass, field
from functools import lru_cache

from mqtt_ingest.core.errors import Undecodable

# Of a topic name or filter in UTF-8.
MAX_BYTES = 65_535
# In characters: longer topics are no device's, and cost whoever remembers them.
MAX_TOPIC = 1_024


def too_long() -> Undecodable:
    """Return the error of a topic of more than `MAX_TOPIC` characters."""
    return Undecodable("bad_topic", f"longer than {MAX_TOPIC:,} characters")


def check_topic(topic: str, max_levels: int) -> None:
    """Refuse a topic name that MQTT forbids or that has too many levels.

    Raises:
        Undecodable: a wildcard, NUL or broken character, too long, or too many levels.
    """
    if len(topic) > MAX_TOPIC:  # first: what follows looks at each character
        raise too_long()
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise Undecodable("bad_topic", "empty, or with a wildcard or NUL character")
    if any("\ud800" <= character <= "\udfff" for character in topic):
        raise Undecodable("bad_topic", "the topic is not UTF-8")
    if topic.count("/") >= max_levels:
        raise Undecodable("bad_topic", f"more than {max_levels} levels")


def device_level(topic: str) -> str:
    """Return the level that names the device in most layouts: the second one."""
    levels = topic.split("/", 2)
    return levels[1] if len(levels) > 1 else ""


def matches(topic_filter: str, topic: str) -> bool:
    """Return whether `topic` matches `topic_filter`; `$` topics match no wildcard first."""
    if topic.startswith("$") and topic_filter[:1] in {"+", "#"}:
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


@lru_cache(maxsize=16)
def uncovered(filters: tuple[str, ...], others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return those of `filters` that no wider one covers, of them or of `others`.

    A packet comes once for each subscription that matches it, with some brokers.
    """
    unique = tuple(dict.fromkeys(filters))
    # A filter without wildcards covers itself alone: of those there may be thousands.
    same, wide = frozenset(others), _Level()
    for one in dict.fromkeys((*others, *unique)):
        if "+" in one or "#" in one:
            _add(wide, one)
    return tuple(one for one in unique if one not in same and not _is_covered(wide, one))


@dataclass(slots=True)
class _Level:
    """Filters with wildcards as a tree; `ends` is the one that ends here."""

    below: dict[str, "_Level"] = field(default_factory=dict)
    ends: str = ""


def _add(tree: _Level, one: str) -> None:
    node = tree
    for level in one.split("/"):
        node = node.below.setdefault(level, _Level())
    node.ends = one


def _is_covered(tree: _Level, narrow: str) -> bool:
    """Return whether another filter of `tree` has all topics of `narrow`: it costs its levels."""
    levels = narrow.split("/")
    waiting = [(tree, 0)]
    while waiting:
        node, at = waiting.pop()
        # No wildcard at the begin matches what begins with $.
        is_hidden = at == 0 and narrow[:1] == "$"
        rest = node.below.get("#")
        if rest is not None and not is_hidden and rest.ends != narrow:
            return True
        if at == len(levels):
            if node.ends and node.ends != narrow:
                return True
            continue
        # What has any number of levels is covered by such a one alone.
        names = () if levels[at] == "#" else dict.fromkeys((levels[at], "+"))
        waiting += [
            (node.below[name], at + 1)
            for name in names
            if name in node.below and not (is_hidden and name == "+")
        ]
    return False


def filter_problem(topic_filter: object) -> str:
    """Return why MQTT forbids `topic_filter` (or why it is not ours to write); "" if it is good.

    MQTT 3.1.1, 4.7.1 and 4.7.3; MQTT 5, 4.8.2.
    """
    if not isinstance(topic_filter, str) or not topic_filter:
        return "it must be a text that is not empty"
    if "\0" in topic_filter or any("\ud800" <= c <= "\udfff" for c in topic_filter):
        return "NUL and broken characters are not allowed"
    if len(topic_filter.encode()) > MAX_BYTES:
        return f"it is longer than {MAX_BYTES} bytes"
    levels = topic_filter.split("/")
    if levels[0] == "$share":
        return "written without $share, which is added where slots share the load"
    if any(set(level) & {"+", "#"} and level not in {"+", "#"} for level in levels):
        return "+ and # must stand alone between slashes"
    return "# must be the last level" if "#" in levels[:-1] else ""
