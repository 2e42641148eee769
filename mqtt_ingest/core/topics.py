"""Topic names and filters (MQTT 3.1.1, section 4.7)."""

from mqtt_ingest.core.errors import Undecodable


def check_topic(topic: str, max_levels: int) -> None:
    """Refuse a topic name that MQTT forbids or that has too many levels.

    Raises:
        Undecodable: a wildcard, NUL or broken character, or too many levels.
    """
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


def is_valid_filter(topic_filter: str) -> bool:
    """Return whether `topic_filter` is one that a broker accepts."""
    if not topic_filter or "\0" in topic_filter:
        return False
    levels = topic_filter.split("/")
    return (
        all(level in {"+", "#"} or not ({"+", "#"} & set(level)) for level in levels)
        and "#" not in levels[:-1]
    )
