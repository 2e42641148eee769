"""Slots and their leases: one live worker per persistent MQTT session.

A lease is kept by the database's clock. Taking a slot over raises its `epoch`,
which fences whoever held it: see `SlotWriter`.
"""

import time
from typing import Any, NamedTuple, cast

from django.db import connection

from devices.background.single_process import is_alone
from devices.models import Change, Writer
from devices.models.log import SLOT_PREFIX
from devices.storage.dialect import Dialect
from devices.timings import SLOT_LEASE_SECONDS
from mqtt_ingest.broker.sharing import Findings
from mqtt_ingest.core.redelivery import CAPACITY

_FREE = "holder = '' OR lease_until IS NULL OR lease_until < {now}"


def _is_alone(name: str) -> bool:
    """Return whether nobody else takes this slot; imports from the command line may take theirs."""
    return is_alone() and name.startswith(SLOT_PREFIX)


def acquire(name: str, holder: str, dialect: Dialect) -> int | None:
    """Lease slot `name` for `holder`; return its new epoch, or None while it is held."""
    Writer.objects.get_or_create(name=name)
    # Alone, whoever held it is gone.
    free = "TRUE" if _is_alone(name) else _FREE.format(now=dialect.now_sql)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE devices_writer SET holder = %s, epoch = epoch + 1, "
            f"lease_until = {dialect.ahead_sql} WHERE name = %s AND (holder = %s OR {free}) "
            "RETURNING epoch",
            [holder, SLOT_LEASE_SECONDS, name, holder],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def renew(name: str, epoch: int, dialect: Dialect, least_seq: int = 0) -> bool:
    """Prolong the lease; False if the slot has been taken over, or its `seq` is less."""
    if _is_alone(name):
        return Writer.objects.filter(name=name, epoch=epoch, seq__gte=least_seq).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE devices_writer SET lease_until = {dialect.ahead_sql} "
            "WHERE name = %s AND epoch = %s AND seq >= %s",
            [SLOT_LEASE_SECONDS, name, epoch, least_seq],
        )
        return bool(cursor.rowcount)


def release(name: str, epoch: int) -> None:
    """Give the slot back, so that another worker need not wait for the lease to end."""
    Writer.objects.filter(name=name, epoch=epoch).update(holder="", lease_until=None)


def stamps(name: str) -> tuple[int, list[tuple[int, bytes]]]:
    """Return how many packets `name` has taken in, and its stored arrival stamps."""
    place = Writer.objects.values_list("packets", flat=True).get(name=name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT packets, stamps FROM mqtt_ingest_arrivalstamp "
            "WHERE slot = %s AND packets > %s ORDER BY packets",
            [name, place - CAPACITY],
        )
        rows: list[Any] = cursor.fetchall()
    return place, [(at, bytes(run)) for at, run in rows]


def clear_stamps(name: str) -> None:
    """Forget the arrival stamps: the broker has started a new session."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mqtt_ingest_arrivalstamp WHERE slot = %s", [name])


class SlotRow(NamedTuple):
    """What a slot has at the broker, as far as is remembered, and what it found there."""

    filters: list[str]
    found: Findings


def slots() -> dict[int, SlotRow]:
    """Return every slot by its number."""
    rows = Writer.objects.filter(name__startswith=SLOT_PREFIX)
    columns = rows.values_list("name", "filters", "sharing", "software", "forgets")
    return {
        int(name.removeprefix(SLOT_PREFIX)): SlotRow(
            list(filters), Findings(cast("Any", sharing), software, forgets)
        )
        for name, filters, sharing, software, forgets in columns
    }


def remember_filters(name: str, filters: list[str]) -> None:
    """Note the filters this slot has subscribed."""
    Writer.objects.filter(name=name).update(filters=filters)


def note_findings(name: str, found: Findings) -> None:
    """Note what a slot found; that the broker forgets goes only with its name."""
    rows = Writer.objects.filter(name=name)
    rows.exclude(software=found.software).update(forgets=False)
    rows.update(sharing=found.evidence, software=found.software)


def note_forgetful() -> None:
    """Note that the broker was seen to forget shared subscriptions: all slots have the same one."""
    Writer.objects.filter(name__startswith=SLOT_PREFIX).update(forgets=True)


def surplus(least: int) -> list[int]:
    """Return the numbers of slots from `least` on whose session the broker still keeps."""
    known = slots()
    return sorted(number for number, row in known.items() if row.filters and number >= least)


def last_stored(name: str) -> int | None:
    """Return when this slot committed its last change, in µs, where the log still tells."""
    stored_at = (
        Change.objects.filter(writer=name).order_by("-seq").values_list("stored_at", flat=True)
    ).first()
    return None if stored_at is None else round(stored_at.timestamp() * 1_000_000)


def broker_dropped(name: str, count: int) -> tuple[int, int | None]:
    """Note the broker's count of dropped packets.

    Returns:
        How many are new since the last call, and when that was (µs); a broker that
        restarted counts from 0 again.
    """
    known, at = Writer.objects.values_list("broker_dropped", "broker_dropped_at").get(name=name)
    now = time.time_ns() // 1_000
    Writer.objects.filter(name=name).update(broker_dropped=count, broker_dropped_at=now)
    if known is None:
        return 0, None
    return (count - known if count >= known else count), at


def clocks_ahead(name: str) -> int:
    """Return by how much (µs) devices agreed to be ahead of the slot's clock; 0: they do not."""
    found = Writer.objects.filter(name=name).values_list("clocks_ahead", flat=True).first()
    return found or 0


def keep_clocks_ahead(name: str, ahead: int) -> None:
    """Store that."""
    Writer.objects.filter(name=name).update(clocks_ahead=ahead)
