"""What brokers keep of devices without a time: known last, and no reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count

from devices.models import LastKnown
from devices.storable import storable


@dataclass(frozen=True, slots=True)
class Known:
    """A value that a broker keeps.

    Args:
        device: its pk.
        metric: of the device.
        kind: number, boolean or text.
        value: None of a text.
        text: None of a number or boolean.
    """

    device: int
    metric: str
    kind: str
    value: float | None
    text: str | None


def write(found: Sequence[Known], at: datetime) -> None:
    """Store what is kept, the last of each metric, in the caller's transaction.

    A device has as many as it may have series; further ones are left out.
    """
    last = {(one.device, one.metric): one for one in found}
    devices = {one.device for one in found}
    there = LastKnown.objects.filter(device__in=devices)
    known = set(there.values_list("device_id", "metric"))
    counts = dict(there.values_list("device_id").annotate(n=Count("pk")))
    rows = []
    for (device, metric), one in sorted(last.items()):
        if (device, metric) not in known:
            counts[device] = counts.get(device, 0) + 1
            if counts[device] > settings.MAX_SERIES_PER_DEVICE:
                continue
        text = None if one.text is None else storable(one.text)
        rows.append(
            LastKnown(
                device_id=device,
                metric=metric,
                kind=one.kind,
                value=one.value,
                text=text,
                heard_at=at,
            )
        )
    LastKnown.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["device", "metric"],
        update_fields=["kind", "value", "text", "heard_at"],
    )
