"""Leases on writers: one live process per writer, by the database's clock.

Taking a writer over raises its `epoch`, which fences whoever held it: see
`devices.storage.writer`.
"""

from datetime import timedelta

from django.db import connection

from devices.background.leases import look_ahead
from devices.background.single_process import is_alone
from devices.models import Writer
from devices.models.slot_names import SlotName
from devices.storage.dialect import Dialect
from devices.timings import LONGEST_LEASES, SLOT_LEASE_SECONDS

# A lease that goes on for longer than one can was written while the clock was ahead: it is none.
_FREE = "holder = '' OR lease_until IS NULL OR lease_until < {now} OR lease_until > {ahead}"


def _is_alone(name: str) -> bool:
    """Return whether nobody else takes this writer; imports from the command line take theirs."""
    return is_alone() and SlotName.read(name) is not None


def acquire(name: str, holder: str, dialect: Dialect) -> int | None:
    """Lease writer `name` for `holder`; return its new epoch, or None while it is held."""
    known, _made = Writer.objects.get_or_create(name=name)
    # Alone, whoever held it is gone.
    alone = _is_alone(name)
    free = "TRUE" if alone else _FREE.format(now=dialect.now_sql, ahead=dialect.ahead_sql)
    longest = [] if alone else [LONGEST_LEASES * SLOT_LEASE_SECONDS]
    look_ahead(name, known.lease_until, timedelta(seconds=SLOT_LEASE_SECONDS))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE devices_writer SET holder = %s, epoch = epoch + 1, "
            f"lease_until = {dialect.ahead_sql} WHERE name = %s AND (holder = %s OR {free}) "
            "RETURNING epoch",
            [holder, SLOT_LEASE_SECONDS, name, holder, *longest],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def renew(name: str, epoch: int, dialect: Dialect, least_seq: int = 0) -> bool:
    """Prolong the lease; False if the writer has been taken over, or its `seq` is less."""
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
    """Give the writer back, so that another process need not wait for the lease to end."""
    Writer.objects.filter(name=name, epoch=epoch).update(holder="", lease_until=None)
