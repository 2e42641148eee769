"""What brokers keep of devices without a time, for where no reading is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from dashboards.presentation import units
from devices.models import DeviceDescription, LastKnown, Latest


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that the broker keeps, since nobody knows when."""

    metric: str
    text: str
    unit: str
    heard_at: datetime


def known_of(devices: Sequence[int], most: int = 200) -> dict[int, list[KnownValue]]:
    """Return what brokers keep of devices where no reading is, by device and metric.

    Args:
        devices: their pks.
        most: values of each device.
    """
    read = Latest.objects.filter(
        series__device=OuterRef("device"), series__metric=OuterRef("metric")
    )
    rows = LastKnown.objects.filter(~Exists(read), device__in=devices).order_by("metric")
    described = DeviceDescription.objects.filter(device__in={row.device_id for row in rows})
    said = dict(described.values_list("device_id", "series"))
    found: dict[int, list[KnownValue]] = {}
    for row in rows:
        own = found.setdefault(row.device_id, [])
        if len(own) < most:
            unit = said.get(row.device_id, {}).get(row.metric, {}).get("unit", "")
            own.append(_known(row, unit))
    return found


def _known(row: LastKnown, unit: str) -> KnownValue:
    value: float | bool | str | None = row.text if row.value is None else row.value
    value = bool(value) if row.kind == "boolean" else value
    how = units.shown_in(unit) if row.kind == "number" else units.Shown(unit)
    return KnownValue(row.metric, how.text(value), how.unit, row.heard_at)
