"""What batches say about devices: when they were heard of last, and what is counted of them."""

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from devices.storage.dialect import Dialect, Seen
from devices.timestamps import moment
from mqtt_ingest.storing.counters import LASTS, SUMS, Counts

# Of a device with a short limit no less than so often within it.
WITHIN_LIMIT = 3
# A write takes so many devices, those that wait longest: with 50,000 devices each is
# written every 50 s, and writing them never costs more than storing what they sent.
FLUSH_DEVICES = 2_000


class DeviceActivity:
    """Last-seen times and counts that gather between two writes.

    Per device they cost a row update, so they are written every few seconds, and
    at once for a device that is new to this process, or comes back. A crash loses a few
    seconds of counts; readings never depend on them.
    """

    def __init__(self, seconds: float) -> None:
        """Write every `seconds`."""
        self._seconds = seconds
        self._waiting: dict[int, Counts] = {}
        # Device pk -> when it was last heard of, in µs.
        self._known: dict[int, int] = {}
        # After how many seconds the most impatient of those that wait is stale.
        self._limit = 0
        self._new: set[int] = set()
        self._written = 0.0

    def add(self, tallies: Mapping[int, Counts]) -> None:
        """Gather the tallies of a committed batch."""
        for pk, tally in tallies.items():
            waiting = self._waiting.get(pk)
            if waiting is None:
                self._waiting[pk] = tally
                self._limit = min(self._limit or tally.stale_after_s, tally.stale_after_s)
            else:
                waiting.add(tally)
            before, limit = self._known.get(pk), tally.stale_after_s * 1_000_000
            if before is None or (tally.seen and tally.seen - before > limit):
                self._new.add(pk)
            if tally.seen and before is not None:
                self._known[pk] = tally.seen

    def expect(self, devices: Iterable[int]) -> None:
        """Write what these devices send next at once: their state may change by it."""
        for pk in devices:
            self._known.pop(pk, None)
            if pk in self._waiting:
                self._new.add(pk)

    @property
    def is_due(self) -> bool:
        """Return whether it is time to write what waits."""
        seconds = min(self._seconds, self._limit / WITHIN_LIMIT)
        return bool(self._new) or (
            bool(self._waiting) and time.monotonic() - self._written >= seconds
        )

    def write(self, cursor: Any, dialect: Dialect, limit: int | None = None) -> None:
        """Write what waits: devices that are new here, then at most `limit` others."""
        chosen = [*self._new, *islice((pk for pk in self._waiting if pk not in self._new), limit)]
        waiting = [(pk, self._waiting.pop(pk)) for pk in sorted(chosen)]
        if not waiting:
            return
        self._written = time.monotonic()
        self._known |= {pk: tally.seen for pk, tally in waiting if pk in self._new}
        self._new.clear()
        if not self._waiting:
            self._limit = 0
        if seen := list(_seen(waiting)):
            dialect.touch_devices(cursor, seen)
        dialect.add_counts(cursor, ("device_id", *SUMS), LASTS, _counts(waiting))


def _seen(waiting: Iterable[tuple[int, Counts]]) -> Iterable[Seen]:
    for pk, tally in waiting:
        if tally.seen:
            yield Seen(pk, moment(tally.seen), tally.stale_after_s, tally.learns)


def _counts(waiting: Iterable[tuple[int, Counts]]) -> list[tuple[int | None, ...]]:
    columns = (*SUMS, *LASTS)
    return [(pk, *(getattr(tally, name) for name in columns)) for pk, tally in waiting]
