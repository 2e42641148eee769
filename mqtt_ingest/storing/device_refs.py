"""Devices and series as writers need them: read at once, series made where they are missing."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from django.conf import settings
from django.db.models import QuerySet

from devices.models import Device, Series
from devices.storage import registration
from mqtt_ingest.core.descriptions import Kind
from mqtt_ingest.core.keys import composed

# Descriptions of a device that are known to be stored; a device is told of in as many pieces.
MAX_SAID = 200


@dataclass(slots=True, eq=False)
class SeriesRef:
    """A series as the writer needs it."""

    pk: int
    kind: Kind
    device: "DeviceRef"

    @property
    def metric(self) -> str:
        """Return its name; looked up, as a hundred thousand of these live in a worker."""
        return next(name for name, series in self.device.series.items() if series is self)


@dataclass(slots=True, eq=False)  # one object per device: compared by identity
class DeviceRef:
    """A device as the writer needs it, with its series by metric."""

    pk: int
    key: str
    enabled: bool
    # Silent for longer, it is stale; if it `learns`, its usual silence may make that more.
    stale_after_s: int
    learns: bool = True
    # It has as many series as a device may have: unknown metrics are refused.
    full: bool = False
    # Somebody has accepted it, and has not switched it off.
    accepted: bool = True
    series: dict[str, SeriesRef] = field(default_factory=dict)
    # Series pk -> µs: what is older was removed by retention, and is not taken in again.
    floors: dict[int, int] | None = None
    # Marks of the descriptions that are stored, as far as this worker knows.
    said: set[int] = field(default_factory=set)

    def note(self, mark: int) -> None:
        """Remember that the description of `mark` is stored."""
        if len(self.said) >= MAX_SAID:
            self.said.clear()
        self.said.add(mark)

    def takes_as(self, other: "DeviceRef") -> bool:
        """Return whether packets become the same rows by this one and by `other`."""

        def rules(ref: DeviceRef) -> tuple[object, ...]:
            series = {name: (one.pk, one.kind) for name, one in ref.series.items()}
            return ref.pk, ref.key, ref.enabled, ref.accepted, ref.floors, series

        return rules(self) == rules(other)


def read(devices: Mapping[str, Device]) -> dict[str, DeviceRef]:
    """Return `devices` with their series, under the same names; one object per device."""
    by_pk = {device.pk: _ref(device) for device in devices.values()}
    _remember(by_pk, Series.objects.filter(device_id__in=by_pk))
    return {name: by_pk[device.pk] for name, device in devices.items()}


def make_series(wanted: Mapping[DeviceRef, Mapping[str, Kind]]) -> None:
    """Make series that are missing (metric -> kind), up to MAX_SERIES_PER_DEVICE each."""
    new: list[tuple[int, str, str]] = []
    for ref, metrics in wanted.items():
        room = max(0, settings.MAX_SERIES_PER_DEVICE - len(ref.series))
        ref.full = len(metrics) > room
        new += [(ref.pk, metric, kind) for metric, kind in sorted(metrics.items())[:room]]
    if new:
        registration.make_series(new)
        by_pk = {ref.pk: ref for ref in wanted}
        _remember(by_pk, Series.objects.filter(device_id__in=by_pk))


def _remember(by_pk: Mapping[int, DeviceRef], series: QuerySet[Series]) -> None:
    columns = series.values_list("device_id", "pk", "metric", "kind", "raw_since")
    for device_id, pk, metric, kind, raw_since in columns:
        # Names and kinds are the same few texts over and over.
        name, ref = sys.intern(composed(metric)), by_pk[device_id]
        ref.series[name] = SeriesRef(pk, cast("Kind", sys.intern(kind)), ref)
        if raw_since:
            ref.floors = {**(ref.floors or {}), pk: raw_since}


def _ref(device: Device) -> DeviceRef:
    limit = device.stale_after_s or settings.STALE_AFTER_S
    return DeviceRef(
        device.pk,
        device.key,
        device.enabled,
        limit,
        not device.stale_after_s,
        accepted=device.enabled and not device.pending,
    )
