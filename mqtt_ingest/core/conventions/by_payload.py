"""Conventions that are told by their payloads alone, on whatever topics people chose."""

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.recognising import (
    Evidence,
    Observation,
    filters_of,
    topics_with,
)
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.packets import Packet


class FilterOptions(Options):
    """Where the payloads are."""

    filters: tuple[str, ...] = Field(default=(), description="Topics that carry such payloads.")


class ByPayload(Convention):
    """Reads the topics that its options name; a subclass says which payloads are its own."""

    Options: ClassVar[type[Options]] = FilterOptions
    # Where nobody says which.
    usual: ClassVar[tuple[str, ...]]

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source."""
        super().__init__(options, state)
        self.shared_filters = self.options.filters or self.usual

    @staticmethod
    def is_own(packet: Packet) -> bool:
        """Return whether the payload is of this kind; what is raised says that it is not."""
        raise NotImplementedError

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Return the topics whose payloads are of this kind."""
        topics = topics_with(observed, cls.is_own)
        if not topics:
            return None
        return {"filters": filters_of(topics)}, [f"payloads on {topic}" for topic in topics[:3]]
