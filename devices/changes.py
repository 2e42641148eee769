"""Reading the change log: what was stored after a position."""

import struct
import sys
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from devices.models import Change, Writer

# The sequence of every writer: a position in the change log.
Cursor = dict[str, int]
_SPAN = struct.Struct("<qqq")
# Batches of one writer that one call returns.
LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Touched:
    """One committed batch."""

    writer: str
    seq: int
    packed: bytes

    @property
    def spans(self) -> list[tuple[int, int, int]]:
        """Return (series pk, ts_min, ts_max) of what it touched; unpacked it is large."""
        return list(_SPAN.iter_unpack(self.packed))


def append(writer: str, spans: list[tuple[int, int, int]]) -> None:
    """Write a change of `writer` (not of a slot): (series pk, ts_min, ts_max) of what it touched.

    Belongs into the transaction that touches it. The row lock makes the order of
    commits that of `seq`.
    """
    Writer.objects.get_or_create(name=writer)
    Writer.objects.filter(name=writer).update(seq=F("seq") + 1)
    Change.objects.create(
        writer=writer,
        seq=Writer.objects.values_list("seq", flat=True).get(name=writer),
        stored_at=Now(),
        touched=b"".join(_SPAN.pack(*span) for span in spans),
        oldest=min(low for _pk, low, _high in spans),
    )


def oldest_after(position: Cursor) -> int:
    """Return the oldest time (µs) that batches after `position` touched; 0 where there is none."""
    found: list[int] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM devices_writer")
        for (writer,) in cursor.fetchall():
            cursor.execute(
                "SELECT min(oldest) FROM devices_change WHERE writer = %s AND seq > %s",
                [writer, position.get(writer, 0)],
            )
            found += [oldest for (oldest,) in cursor.fetchall() if oldest is not None]
    return min(found, default=0)


def older_than(position: Cursor, ts: int, limit: int) -> list[Touched]:
    """Return batches after `position` that touched something before `ts`, at most `limit`."""
    found: list[Touched] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, seq FROM devices_writer")
        behind = [name for name, seq in cursor.fetchall() if seq > position.get(name, 0)]
        for writer in behind:
            cursor.execute(
                "SELECT seq, touched FROM devices_change WHERE writer = %s AND seq > %s "
                "AND oldest < %s ORDER BY seq LIMIT %s",
                [writer, position.get(writer, 0), ts, limit - len(found)],
            )
            found += _touched(writer, cursor.fetchall())
    return found


def _touched(writer: str, rows: list[tuple[int, bytes]]) -> list[Touched]:
    return [Touched(writer, seq, bytes(touched)) for seq, touched in rows]


def since(position: Cursor, limit: int = LIMIT, room: int = sys.maxsize) -> list[Touched]:
    """Return batches after `position`, in order.

    Of each writer at most `limit`, and no more than about `room` bytes of spans.
    """
    found: list[Touched] = []
    with connection.cursor() as cursor:
        for writer, seq in position.items():
            cursor.execute(
                "SELECT seq, length(touched) FROM devices_change WHERE writer = %s AND seq > %s "
                "ORDER BY seq LIMIT %s",
                [writer, seq, limit],
            )
            last, left = seq, room
            for number, size in cursor.fetchall():
                if left <= 0:
                    break
                last, left = number, left - size
            if last > seq:
                cursor.execute(
                    "SELECT seq, touched FROM devices_change WHERE writer = %s AND seq > %s "
                    "AND seq <= %s ORDER BY seq",
                    [writer, seq, last],
                )
                found += _touched(writer, cursor.fetchall())
    return found
