"""Stored arrival times, which redelivered packets take again.

`mqtt_ingest.core.redelivery` says why, and how they are packed.
"""

from typing import Any

from django.db import connection

from devices.models import Writer
from mqtt_ingest.core.redelivery import CAPACITY

# For `devices.storage.dialect.Beside`: the stamps, and whether there are any.
BESIDE = (
    "INSERT INTO mqtt_ingest_arrivalstamp (slot, packets, stamps) "
    "SELECT name, packets, %s FROM fence WHERE %s"
)


def write(cursor: Any, slot: str, packets: int, stamps: bytes) -> None:
    """Store packed stamps in the batch's transaction.

    Args:
        cursor: of that transaction.
        slot: its name.
        packets: how many packets the slot has taken in with this batch.
        stamps: see `mqtt_ingest.core.redelivery.pack`.
    """
    cursor.execute(
        "INSERT INTO mqtt_ingest_arrivalstamp (slot, packets, stamps) VALUES (%s, %s, %s)",
        [slot, packets, stamps],
    )


def read(slot: str) -> tuple[int, list[tuple[int, bytes]]]:
    """Return how many packets `slot` has taken in, and its stored stamps, oldest first."""
    place = Writer.objects.values_list("packets", flat=True).get(name=slot)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT packets, stamps FROM mqtt_ingest_arrivalstamp "
            "WHERE slot = %s AND packets > %s ORDER BY packets",
            [slot, place - CAPACITY],
        )
        rows: list[Any] = cursor.fetchall()
    return place, [(at, bytes(run)) for at, run in rows]


def clear(slot: str) -> None:
    """Forget all stamps: the broker has started a new session."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mqtt_ingest_arrivalstamp WHERE slot = %s", [slot])


def prune(slot: str) -> None:
    """Remove stamps that no redelivery can need."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM mqtt_ingest_arrivalstamp WHERE slot = %s AND packets < "
            "(SELECT packets FROM devices_writer WHERE name = %s) - %s",
            [slot, slot, CAPACITY],
        )
