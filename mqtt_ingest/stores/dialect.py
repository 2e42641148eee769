"""What the two databases do differently."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Row(NamedTuple):
    """One reading to store; `ts` in µs since 1970 UTC."""

    series_id: int
    ts: int
    value: float | None
    text: str | None


class Existing(NamedTuple):
    """A row that was there already; `conflict` where it holds another value."""

    series_id: int
    ts: int
    conflict: bool


class Dialect(Protocol):
    """SQL that differs. Every call happens on the writer's own thread and connection."""

    # SQL for the current time, and for the time `%s` seconds ahead of it.
    now_sql: str
    ahead_sql: str

    def prepare(self, cursor: Any) -> None:
        """Set up a new connection."""
        ...

    def make_room(self, cursor: Any, rows: Sequence[Row]) -> None:
        """Make sure the table can take `rows` (partitions), in a transaction of its own."""
        ...

    def insert(self, cursor: Any, rows: Sequence[Row]) -> list[Existing]:
        """Insert `rows`, sorted by key and distinct; return those that were there."""
        ...

    def upsert_latest(self, cursor: Any, rows: Sequence[Row]) -> None:
        """Raise the newest reading of each series, after `insert` of the same rows."""
        ...

    def touch_devices(self, cursor: Any, seen: Sequence[tuple[int, Any, Any]]) -> None:
        """Raise last_seen and expected_by: (device pk, last seen, expected by)."""
        ...

    def add_counts(
        self, cursor: Any, columns: Sequence[str], rows: Sequence[tuple[int | None, ...]]
    ) -> None:
        """Add `rows` to devices_devicecounts; the first column is the key, the last is set."""
        ...


def counts_conflict(columns: Sequence[str]) -> str:
    """Return the ON CONFLICT clause of `add_counts`, which both databases share."""
    *added, last = columns[1:]
    sums = ", ".join(f"{name} = devices_devicecounts.{name} + excluded.{name}" for name in added)
    keep = f"{last} = COALESCE(excluded.{last}, devices_devicecounts.{last})"
    return f"ON CONFLICT (device_id) DO UPDATE SET {sums}, {keep}"
