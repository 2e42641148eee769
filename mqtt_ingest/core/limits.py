"""The limits of one source, as its settings give them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Literal

MICROSECONDS = 1_000_000
YEAR_2000 = 946_684_800 * MICROSECONDS
YEAR_2200 = 7_258_118_400 * MICROSECONDS
MAX_AHEAD = 3_600 * MICROSECONDS
# In any case; besides the empty text.
NO_READING = frozenset({"unavailable", "unknown", "none", "null", "n/a", "nan", "undef", "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a packet may hold; see docs/reference/settings.md."""

    payload_bytes: int = 262_144
    nesting: int = 32
    samples: int = 1_000
    array_elements: int = 64
    text_length: int = 4_096
    topic_levels: int = 64
    metric_length: int = 200
    clock: Literal["sane", "arrival"] = "sane"
    # Of times that name no zone: the source's, and those of devices (by native id) that differ.
    zone: tzinfo = UTC
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    # Times that are equal, of one device, are spread by arrival.
    spread_equal: bool = False
    # A text that is a JSON number is a number; texts (in lower case) that are no reading.
    numbers_in_text: bool = True
    no_reading: frozenset[str] = NO_READING
    # µs; 0: everything is kept for ever.
    retention: int = 0
