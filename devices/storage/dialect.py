"""What the two databases do differently.

The statements of both stand in `postgresql.py` and `sqlite.py`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from devices.storage.rows import Row


class Existing(NamedTuple):
    """A row that was there already; `conflict` where it holds another value."""

    series_id: int
    ts: int
    conflict: bool


class Beside(NamedTuple):
    """What a small batch stores beside its rows, in the same statement.

    Args:
        sql: changes data, and reads `fence (name, seq, packets)`: the writer's name, and its
            numbers after the commit; no row of it where the batch is fenced. It stays the
            same, so that it is planned once.
        values: its parameters.
    """

    sql: str
    values: Sequence[Any]


class SmallBatch(NamedTuple):
    """A small batch of nothing but rows that are expected to be new."""

    writer: str
    epoch: int
    least_seq: int
    registry: int
    packets: int
    rows: Sequence[Row]
    touched: bytes
    oldest: int
    beside: Beside | None


class Seen(NamedTuple):
    """When a device was heard of last; silent for `stale_after_s` after that, it is stale.

    If it `learns`, three times its cadence may make that longer.
    """

    pk: int
    last: datetime
    stale_after_s: int
    learns: bool


# How long a device is usually silent, by how long it was just now ({gap}, in s). It moves to a
# longer silence by doubling and to a shorter one by tenths: an outage counts for little, and
# so do the packets of a burst. {known} is what was known of it.
CADENCE = "{least}({most}({gap}, 0.9 * {known}), 2 * {known})"


class Dialect(Protocol):
    """SQL that differs. Every call happens on the writer's own thread and connection."""

    # SQL for the current time, and for the time `%s` seconds ahead of it.
    now_sql: str
    ahead_sql: str
    # Bounds of a batch: long enough to be cheap, short enough for others who write.
    batch_packets: int
    batch_samples: int
    # How often last-seen times and counts are written.
    touch_seconds: float

    def prepare(self, cursor: Any, writer: str) -> None:
        """Set up a new connection of `writer`: nothing that was known holds any more."""
        ...

    def forget(self) -> None:
        """Look again which partitions there are: some may have been dropped."""
        ...

    def make_room(self, cursor: Any, rows: Sequence[Row]) -> None:
        """Make sure the table can take `rows` (partitions), in a transaction of its own."""
        ...

    def stage(self, cursor: Any, rows: Sequence[Row]) -> bool:
        """Bring `rows` to the database; first in the transaction that inserts them.

        Returns whether they are in the table by that, none of them having been there.
        """
        ...

    def insert(self, cursor: Any, rows: Sequence[Row], *, staged: bool) -> list[Existing]:
        """Insert `rows`, sorted by key and distinct, and raise each series' newest reading.

        Args:
            cursor: of the transaction.
            rows: at least one.
            staged: what `stage` returned.

        Returns the rows that were there before; of a key the first value stays.
        """
        ...

    def evict(self, cursor: Any, writer: str) -> None:
        """End what other connections of `writer` are in the middle of, after it was leased."""
        ...

    def commit_small(self, cursor: Any, few: SmallBatch) -> int | None:
        """Commit a whole small batch at once; return its seq.

        None where that is not offered, or where anything is not as expected (fenced,
        registry moved, rows that were there): then nothing was stored, and the long way
        finds out what it is.
        """
        ...

    def touch_devices(self, cursor: Any, seen: Sequence[Seen]) -> None:
        """Raise last_seen and expected_by, and learn the cadence."""
        ...

    def add_counts(
        self,
        cursor: Any,
        sums: Sequence[str],
        lasts: Sequence[str],
        rows: Sequence[tuple[int | None, ...]],
    ) -> None:
        """Add `rows` to devices_devicecounts: the key and `sums`, then `lasts`, which are set."""
        ...


def counts_conflict(sums: Sequence[str], lasts: Sequence[str]) -> str:
    """Return the ON CONFLICT clause of `add_counts`, which both databases share."""
    old = "devices_devicecounts"
    added = [f"{name} = {old}.{name} + excluded.{name}" for name in sums[1:]]
    kept = [f"{name} = COALESCE(excluded.{name}, {old}.{name})" for name in lasts]
    return f"ON CONFLICT (device_id) DO UPDATE SET {', '.join(added + kept)}"
