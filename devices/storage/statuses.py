"""What devices say about themselves: `online` or `offline`, and their spans of being offline."""

from collections.abc import Mapping
from typing import Any

from devices.timestamps import moment


def write(cursor: Any, statuses: Mapping[int, tuple[str, int]]) -> None:
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
