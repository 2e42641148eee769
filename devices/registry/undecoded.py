"""What a device sent that could not be read. The ingest app keeps it, so it tells of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastLetter:
    """The newest dead letter of a device.

    Args:
        pk: its key in the admin.
        packets: how many packets of the device are kept as dead letters.
        at: when the last of them came.
        reason: a fixed word, such as `not_json`.
        detail: what was wrong, for people.
        payload: the begin of it, as text.
    """

    pk: int
    packets: int
    at: datetime
    reason: str
    detail: str
    payload: str


# Set by the ingest app at the start: device key -> its newest dead letter.
lookups: list[Callable[[str], LastLetter | None]] = []


def last_of(key: str) -> LastLetter | None:
    """Return the newest dead letter of device `key`; None where everything could be read."""
    found = [letter for lookup in lookups if (letter := lookup(key)) is not None]
    return max(found, key=lambda letter: letter.at, default=None)
