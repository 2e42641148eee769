"""Topic names and filters as a server takes them (MQTT 5.0, section 4.7)."""

from typing import NamedTuple

from mqtt_ingest.embedded_broker.protocol.limits import Limits


class Parsed(NamedTuple):
    """A subscription's filter: levels, and the group that shares it; "" for none."""

    levels: tuple[str, ...]
    group: str = ""


def is_topic(topic: str, limits: Limits) -> bool:
    """Return whether a client may publish to `topic`."""
    if not topic or "+" in topic or "#" in topic:  # [MQTT-3.3.2-2]
        return False
    return _is_within(topic, limits)


def parse_filter(given: str, limits: Limits) -> Parsed | None:
    """Return what the filter of a subscription says; None where it is none that is allowed."""
    if not given or not _is_within(given, limits):
        return None
    group, name = "", given
    if given.startswith("$share/"):
        _share, group, name = [*given.split("/", 2), ""][:3]
        if not group or not name or "+" in group or "#" in group:  # [MQTT-4.8.2-1], -2
            return None
    levels = tuple(name.split("/"))
    if "#" in name and (name.count("#") > 1 or levels[-1] != "#"):  # [MQTT-4.7.1-1]
        return None
    if "+" in name and any("+" in level and level != "+" for level in levels):  # [MQTT-4.7.1-2]
        return None
    return Parsed(levels, group)


def _is_within(name: str, limits: Limits) -> bool:
    if len(name) > limits.topic_bytes or name.count("/") >= limits.topic_levels:
        return False
    return name.isascii() or len(name.encode()) <= limits.topic_bytes
