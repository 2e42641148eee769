"""By what conventions are recognised in a sample: topics and payloads that only they have."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from mqtt_ingest.core.packets import Packet

# Options to begin with, and why in words.
Evidence = tuple[dict[str, Any], list[str]]
# So many topics are named one by one.
MANY = 8


class Observation(Protocol):
    """A topic with some of its packets."""

    @property
    def topic(self) -> str:
        """Return the topic."""
        ...

    @property
    def packets(self) -> Sequence[Packet]:
        """Return packets that came by it."""
        ...


def topics_with(observed: Iterable[Observation], is_own: Callable[[Packet], bool]) -> list[str]:
    """Return the topics whose packets are all of one kind, and that carry any."""
    found = []
    for one in observed:
        told = [packet for packet in one.packets if packet.payload]
        if told and all(_is(is_own, packet) for packet in told):
            found.append(one.topic)
    return found


def _is(is_own: Callable[[Packet], bool], packet: Packet) -> bool:
    try:
        return is_own(packet)
    except Exception:  # noqa: BLE001 - what cannot be read is not recognised
        return False


def filters_of(topics: Sequence[str]) -> tuple[str, ...]:
    """Return filters for `topics`: each by itself where they are few, else by what they share."""
    if len(topics) <= MANY:
        return tuple(sorted(topics))
    parents = {topic.rpartition("/")[0] for topic in topics}
    if len(parents) <= MANY:
        return tuple(sorted(f"{parent}/+" if parent else "+" for parent in parents))
    return tuple(sorted({f"{topic.split('/', 1)[0]}/#" for topic in topics}))
