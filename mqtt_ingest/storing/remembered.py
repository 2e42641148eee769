"""What conventions remember, stored in the transaction of the packets that told it."""

from collections.abc import Mapping
from typing import Any

from devices.models import Source
from mqtt_ingest.models import Remembered


def write(changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Store changes: source -> key -> value, None: the key goes."""
    known = dict(Source.objects.filter(name__in=changes).values_list("name", "pk"))
    for name in sorted(known):
        _write_source(known[name], changes[name])


def _write_source(source: int, changes: Mapping[str, Any]) -> None:
    gone = [key for key, value in changes.items() if value is None]
    if gone:
        Remembered.objects.filter(source_id=source, key__in=gone).delete()
    Remembered.objects.bulk_create(
        [
            Remembered(source_id=source, key=key, value=value)
            for key, value in sorted(changes.items())
            if value is not None
        ],
        update_conflicts=True,
        unique_fields=["source", "key"],
        update_fields=["value"],
    )
