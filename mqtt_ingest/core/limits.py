"""The limits of one source, as its settings give them."""

from dataclasses import dataclass
from typing import Literal

MICROSECONDS = 1_000_000
YEAR_2000 = 946_684_800 * MICROSECONDS
MAX_AHEAD = 3_600 * MICROSECONDS


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
    # µs; 0: everything is kept for ever.
    retention: int = 0
