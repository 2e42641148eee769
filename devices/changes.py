"""Reading the change log: what was stored after a position."""

import struct
from dataclasses import dataclass

from django.db import connection

from devices.queries import Cursor

_SPAN = struct.Struct("<qqq")
# Batches of one writer that one call returns.
LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Touched:
    """One committed batch: (series pk, ts_min, ts_max) of each series it touched."""

    writer: str
    seq: int
    spans: list[tuple[int, int, int]]


def since(position: Cursor, limit: int = LIMIT) -> list[Touched]:
    """Return the batches after `position`, at most `limit` a writer, in order."""
    found: list[Touched] = []
    with connection.cursor() as cursor:
        for writer, seq in position.items():
            cursor.execute(
                "SELECT seq, touched FROM devices_change WHERE writer = %s AND seq > %s "
                "ORDER BY seq LIMIT %s",
                [writer, seq, limit],
            )
            found += [
                Touched(writer, number, list(_SPAN.iter_unpack(bytes(touched))))
                for number, touched in cursor.fetchall()
            ]
    return found
