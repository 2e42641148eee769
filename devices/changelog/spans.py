"""What one batch touched, as the change log packs it.

`devices_change.touched` is a run of spans of 24 bytes each, without a header:

| bytes | little-endian | meaning |
|---|---|---|
| 0-7 | int64 | pk of the series |
| 8-15 | int64 | time of the first reading that was stored, in µs since 1970 UTC |
| 16-23 | int64 | time of the last one |

Readings further apart than `GAP_US` are spans of their own.
"""

import struct
from collections.abc import Iterable

# (series pk, first ts, last ts)
Span = tuple[int, int, int]
SPAN = struct.Struct("<qqq")
# Readings further apart (µs) are spans of their own: an old one beside a new one touches
# nothing in between.
GAP_US = 900 * 1_000_000


def pack(spans: Iterable[Span]) -> bytes:
    """Return `spans` as one text of bytes."""
    return b"".join([SPAN.pack(*span) for span in spans])


def unpack(packed: bytes) -> list[Span]:
    """Return the spans of `packed`."""
    return list(SPAN.iter_unpack(packed))
