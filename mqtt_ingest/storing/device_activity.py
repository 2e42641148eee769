"""What batches write about devices themselves: status, last seen, counts."""

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from devices.storage.dialect import Dialect, Seen
from devices.timestamps import moment
from mqtt_ingest.storing.counters import LASTS, SUMS, Tally

# Of a device with a short limit no less than so often within it.
WITHIN_LIMIT = 3
# A write takes so many devices, those that wait longest: with 50,000 devices each is
# written every 50 s, and writing them never costs more than storing what they sent.
FLUSH_DEVICES = 2_000


def write_statuses(cursor: Any, statuses: Mapping[int, tuple[str, int]]) -> None:
    """Set what devices said about themselves, unless something newer was said.

    `status_since` moves only when the word changes. Spans of being offline are kept.
    """
    for pk in sorted(statuses):
        status, ts = statuses[pk]
        at = moment(ts)
        _write_span(cursor, pk, status, ts)
        cursor.execute(
            "UPDATE devices_device SET "
            "status_since = CASE WHEN status = %s THEN COALESCE(status_since, %s) ELSE %s END, "
            "status = %s WHERE id = %s AND (status_since IS NULL OR status_since <= %s)",
            [status, at, at, status, pk, at],
        )


def _write_span(cursor: Any, pk: int, status: str, ts: int) -> None:
    """Begin or end a span of being offline, before the device's status is set."""
    if status == "offline":
        cursor.execute(
            "INSERT INTO devices_offline (device_id, since) SELECT id, %s FROM devices_device "
            "WHERE id = %s AND status <> 'offline' "
            "AND (status_since IS NULL OR status_since <= %s)",
            [ts, pk, moment(ts)],
        )
    else:
        cursor.execute(
            "UPDATE devices_offline SET until = %s "
            "WHERE device_id = %s AND until IS NULL AND since <= %s",
            [ts, pk, ts],
        )


class Touch:
    """Last-seen times and counts that gather between two writes.

    Per device they cost a row update, so they are written every few seconds, and
    at once for a device that is new to this process, or comes back. A crash loses a few
    seconds of counts; readings never depend on them.
    """

    def __init__(self, seconds: float) -> None:
        """Write every `seconds`."""
        self._seconds = seconds
        self._waiting: dict[int, Tally] = {}
        # Device pk -> when it was last heard of, in µs.
        self._known: dict[int, int] = {}
        # After how many seconds the most impatient of those that wait is stale.
        self._limit = 0
        self._new: set[int] = set()
        self._written = 0.0

    def add(self, tallies: Mapping[int, Tally]) -> None:
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


def _seen(waiting: Iterable[tuple[int, Tally]]) -> Iterable[Seen]:
    for pk, tally in waiting:
        if tally.seen:
            yield Seen(pk, moment(tally.seen), tally.stale_after_s, tally.learns)


def _counts(waiting: Iterable[tuple[int, Tally]]) -> list[tuple[int | None, ...]]:
    columns = (*SUMS, *LASTS)
    return [(pk, *(getattr(tally, name) for name in columns)) for pk, tally in waiting]
