"""The inbox grouped by shape: what came by topics that differ in a level, with payloads alike."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BinaryField, F, Func, QuerySet

from mqtt_ingest.core.fingerprint import SHAPED_BYTES, shape
from mqtt_ingest.models import DeadLetter

# Dead letters that are looked at, the newest; groups shown, of those the largest.
LOOKED_AT, GROUPS = 5_000, 20
# Of a payload: so much is read, so much shown.
READ_BYTES, SHOWN = 2_048, 120


@dataclass(slots=True)
class Alike:
    """Dead letters of one shape.

    Args:
        reason: why none of them was read.
        source: of what Source they are, where one took them.
        levels: of their topics, `+` where they differ.
        example: pk of the newest.
        payload: how that begins.
        packets: how many there were.
        topics: by which they came.
    """

    reason: str
    source: str
    levels: list[str]
    example: int
    payload: str
    packets: int = 0
    topics: set[str] = field(default_factory=set)

    @property
    def pattern(self) -> str:
        """Return a topic filter that all of them match."""
        return "/".join(self.levels)

    def add(self, topic: str, number: int) -> None:
        """Take one more dead letter into the group."""
        given = topic.split("/")
        self.levels = [
            one if one == other else "+" for one, other in zip(self.levels, given, strict=True)
        ]
        self.topics.add(topic)
        self.packets += number


def by_shape(letters: QuerySet[DeadLetter]) -> list[Alike]:
    """Return groups of the newest of `letters`, those of most packets first."""
    head = Func(F("payload"), 1, READ_BYTES, function="SUBSTR", output_field=BinaryField())
    rows = letters.order_by("-received_at").annotate(head=head)
    fields = ("pk", "reason", "source", "topic", "head", "number")
    groups: dict[tuple[Any, ...], Alike] = {}
    for pk, reason, source, topic, payload, number in rows.values_list(*fields)[:LOOKED_AT]:
        levels, told = topic.split("/"), bytes(payload or b"")
        # What begins with another name is another system, mostly.
        key = (reason, source, levels[0], len(levels), _outline(told))
        group = groups.get(key)
        if group is None:
            text = told[:SHOWN].decode("utf-8", "backslashreplace")
            group = groups[key] = Alike(reason, source, levels, pk, text)
        group.add(topic, number)
    return sorted(groups.values(), key=lambda group: -group.packets)[:GROUPS]


def _outline(payload: bytes) -> object:
    """Return what payloads of one shape share: names and types of JSON, else runs of characters."""
    try:
        return _shape_of(json.loads(payload))
    except (ValueError, RecursionError):
        return shape(payload[:SHAPED_BYTES])


def _shape_of(value: object) -> object:
    if isinstance(value, dict):
        return tuple(sorted((name, _shape_of(item)) for name, item in value.items()))
    if isinstance(value, list):
        return ("list", *_each_once(_shape_of(item) for item in value))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def _each_once(shapes: Iterable[object]) -> list[object]:
    return list(dict.fromkeys(shapes))
