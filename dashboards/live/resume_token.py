"""Where a client is: what it shows, up to which batch of every writer, as one opaque text.

A client gives back what it was given, and reads nothing in it. Commas join

| part | example | meaning |
|---|---|---|
| format | `1` | another one is answered by a whole snapshot |
| at | `1795863954` | when it was made, in s since 1970 UTC |
| width | `0` | of the bins shown, in µs; 0: exact rows |
| shape | `5f2c…` | digest of the series shown and their kinds |
| seq, for each writer | `ingest-0:812` | the last batch of that writer that the client knows of |
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2s

from devices.changelog.changes import Cursor
from devices.queries import SeriesInfo
from devices.timings import RESUME_SECONDS

_FORMAT = "1"
_MAX_LENGTH = 16_384


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """What a client has been shown.

    Args:
        width: of its bins in µs; 0 for exact rows.
        shape: stands for its series and their kinds.
        cursor: the batches that it knows of.
        at: when that was, in s.
    """

    width: int
    shape: str
    cursor: Cursor
    at: int = field(default_factory=lambda: int(time.time()))

    def __str__(self) -> str:
        """Return the text that goes to the client and comes back as `after`."""
        seqs = [f"{writer}:{seq}" for writer, seq in sorted(self.cursor.items())]
        return ",".join([_FORMAT, str(self.at), str(self.width), self.shape, *seqs])

    def is_recent(self) -> bool:
        """Return whether the change log still tells what was missed since."""
        return abs(time.time() - self.at) <= RESUME_SECONDS


def parse_token(text: str) -> ResumeToken | None:
    """Return the place that `text` stands for; None for another version's or a broken one."""
    parts = text[:_MAX_LENGTH].split(",")
    if len(parts) < 4 or parts[0] != _FORMAT:
        return None
    try:
        cursor = {
            writer: _whole(seq) for writer, _, seq in (part.rpartition(":") for part in parts[4:])
        }
        return ResumeToken(_whole(parts[2]), parts[3], cursor, _whole(parts[1]))
    except ValueError:
        return None


def _whole(text: str) -> int:
    """Return a number that fits the database's.

    Raises:
        ValueError: it is none.
    """
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def shape_of(infos: Iterable[SeriesInfo], *asked: object) -> str:
    """Return a short text that differs for other series or kinds, or where other was asked."""
    digest = blake2s(repr(asked).encode(), digest_size=6)
    for info in sorted(infos, key=lambda info: info.pk):
        digest.update(f"{info.pk} {info.kind} ".encode())
    return digest.hexdigest()
