"""What a committed batch changed, for those who announce and count it."""

from collections import Counter
from dataclasses import dataclass, field

from devices.storage.rows import Row, Run


@dataclass(slots=True)
class Stored:
    """What a committed batch changed."""

    writer: str
    seq: int
    # Rows that were not there before, sorted by key, and where each series' are.
    rows: list[Row] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    # device pk -> (status, µs)
    statuses: dict[int, tuple[str, int]] = field(default_factory=dict)
    added_devices: int = 0
    duplicates: int = 0
    conflicts: int = 0
    dead_letters: int = 0
    # What our own limits refused, by the limit's name, in packets; `series` and `expired`
    # in samples.
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def readings(self) -> int:
        """Return how many rows went in."""
        return len(self.rows)


def merge(first: Stored, second: Stored) -> Stored:
    """Return two committed halves of a batch as one, under the later sequence."""
    shift = len(first.rows)
    first.rows = [*first.rows, *second.rows]
    first.runs = [
        *first.runs,
        *(Run(device, series, a + shift, b + shift) for device, series, a, b in second.runs),
    ]
    first.statuses |= second.statuses
    first.refused += second.refused
    for name in ("added_devices", "duplicates", "conflicts", "dead_letters"):
        setattr(first, name, getattr(first, name) + getattr(second, name))
    first.seq = second.seq
    return first
