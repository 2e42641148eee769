"""Rows of the change log: one for each commit that touched readings.

`devices.changelog` reads them. Writers without a lease (`edit`, `rights`) append their own.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from devices.changelog import spans as packing
from devices.changelog.spans import Span
from devices.models import Change, Writer
from devices.storage.dialect import Dialect
from devices.storage.rows import Row, Run, oldest, touched


def insert(
    cursor: Any, dialect: Dialect, writer: str, seq: int, rows: Sequence[Row], runs: Sequence[Run]
) -> None:
    """Write the change row of a batch, in its transaction."""
    cursor.execute(
        "INSERT INTO devices_change (writer, seq, stored_at, touched, oldest) "
        f"VALUES (%s, %s, {dialect.now_sql}, %s, %s)",
        [writer, seq, touched(rows, runs), oldest(rows, runs)],
    )


def append(writer: str, spans: list[Span]) -> None:
    """Write a change of `writer` (not of a slot): (series pk, ts_min, ts_max) of what it touched.

    Belongs into the transaction that touches it. The row lock makes the order of
    commits that of `seq`.
    """
    raise_seq(writer)
    Change.objects.create(
        writer=writer,
        seq=Writer.objects.values_list("seq", flat=True).get(name=writer),
        stored_at=Now(),
        touched=packing.pack(spans),
        oldest=min(low for _pk, low, _high in spans),
    )


def raise_seq(writer: str) -> None:
    """Raise the sequence of `writer` (not of a slot), and hold its row until the commit."""
    Writer.objects.get_or_create(name=writer)
    Writer.objects.filter(name=writer).update(seq=F("seq") + 1)


def registry_version(writer: str) -> int:
    """Return the version of the registry as `writer` sees it."""
    return Writer.objects.values_list("registry", flat=True).get(name=writer)


def registry_changed() -> None:
    """Raise the registry's version at every writer: batches that see another one roll back."""
    Writer.objects.update(registry=F("registry") + 1)
