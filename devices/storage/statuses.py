"""What devices say about themselves: `online` or `offline`, and their spans of being offline."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from devices.models import Device, Identity
from devices.models.registry import MAX_LEVELS, sources_at
from devices.timestamps import moment


def write(cursor: Any, statuses: Mapping[int, tuple[str, int]]) -> None:
    """Set what devices said about themselves, unless something newer was said.

    `status_since` moves only when the word changes. Spans of being offline are kept. What
    speaks through a device that is offline is cut off: nothing is known of it.
    """
    gateways = _gateways(cursor, list(statuses))
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
        if pk in gateways:
            _write_below(cursor, pk, status, at)


def _gateways(cursor: Any, devices: Sequence[int]) -> set[int]:
    """Return those of `devices` that others speak through."""
    found: set[int] = set()
    for start in range(0, len(devices), 500):
        asked = devices[start : start + 500]
        cursor.execute(
            "SELECT DISTINCT parent_id FROM devices_device WHERE parent_id IN "
            f"({', '.join(['%s'] * len(asked))})",
            asked,
        )
        found.update(pk for (pk,) in cursor.fetchall())
    return found


def _write_below(cursor: Any, pk: int, status: str, at: Any) -> None:
    """Note since when what speaks through the device is cut off, or that it is not any more.

    What is itself offline stays a limit: what is below it is cut off by that.
    """
    cut_off = at if status == "offline" else None
    cursor.execute(
        "WITH RECURSIVE below (id, level) AS ("
        "SELECT id, 1 FROM devices_device WHERE parent_id = %s "
        "UNION ALL SELECT d.id, level + 1 FROM devices_device d JOIN below b "
        "ON d.parent_id = b.id JOIN devices_device p ON p.id = b.id "
        "WHERE level < %s AND p.status <> 'offline') "
        "UPDATE devices_device SET cut_off_since = "
        + ("COALESCE(cut_off_since, %s) " if cut_off else "%s ")
        + "WHERE id IN (SELECT id FROM below)",
        [pk, MAX_LEVELS, cut_off],
    )


def cut_off(broker: str, at: datetime) -> None:
    """Note that nothing is known of what comes by `broker` ("": that of the settings) since `at`.

    Whatever of it is heard of later is known again.
    """
    _of_broker(broker).filter(cut_off_since=None).update(cut_off_since=at)


def join(broker: str) -> None:
    """Note that packets come by `broker` again: only what is below offline gateways is cut off."""
    own = _of_broker(broker)
    with transaction.atomic():
        own.exclude(cut_off_since=None).update(cut_off_since=None)
        gateways = own.filter(status="offline", children__isnull=False).distinct()
        with connection.cursor() as cursor:
            for pk, since in gateways.values_list("pk", "status_since"):
                _write_below(cursor, pk, "offline", since)


def _of_broker(broker: str) -> QuerySet[Device]:
    own = Identity.objects.filter(source__in=sources_at(broker))
    return Device.objects.filter(pk__in=own.values("device_id"))


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
