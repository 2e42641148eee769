"""The worker's cache of the registry, and the making of devices and series it meets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from django.conf import settings
from django.db import transaction

from devices.models import Device, Identity, Series, Source
from mqtt_ingest.core.keys import device_key, readable
from mqtt_ingest.core.packets import Batch, Kind


@dataclass(slots=True)
class SeriesRef:
    """A series as the writer needs it."""

    pk: int
    kind: Kind


@dataclass(slots=True, eq=False)  # one object per device: compared by identity
class DeviceRef:
    """A device as the writer needs it, with its series by metric."""

    pk: int
    key: str
    enabled: bool
    stale_after_s: int
    series: dict[str, SeriesRef] = field(default_factory=dict)


class Registry:
    """Devices by (source, native id). Holds until `version` moves on in the database."""

    def __init__(self) -> None:
        self.version = -1
        self.added = 0
        self._devices: dict[tuple[str, str], DeviceRef | None] = {}
        self._sources: dict[str, Source] = {}

    def device(self, source: str, native_id: str) -> DeviceRef | None:
        """Return the device, or None where registration is refused. `learn` comes first."""
        return self._devices[(source, native_id)]

    def forget(self, version: int) -> None:
        """Drop all: the registry in the database has reached `version`."""
        self._devices.clear()
        self._sources.clear()
        self.version = version

    def learn(self, batch: Batch) -> None:
        """Read or make every device and series that `batch` names."""
        self._learn_devices(batch)
        wanted: dict[DeviceRef, dict[str, Kind]] = {}
        for entry in batch.entries:
            if entry.decoded is None:
                continue
            ref = self._devices[(entry.source, entry.decoded.native_id)]
            if ref is None or not ref.enabled:
                continue
            for sample in entry.decoded.samples:
                if sample.metric not in ref.series:
                    wanted.setdefault(ref, {}).setdefault(sample.metric, sample.kind)
        for ref, metrics in wanted.items():
            _make_series(ref, metrics)

    def _learn_devices(self, batch: Batch) -> None:
        unknown: dict[str, set[str]] = {}
        for entry in batch.entries:
            if entry.decoded is not None:
                name = (entry.source, entry.decoded.native_id)
                if name not in self._devices:
                    unknown.setdefault(entry.source, set()).add(entry.decoded.native_id)
        for source, native_ids in unknown.items():
            self._learn_source(self._source(source), sorted(native_ids))

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            self._sources[name] = Source.objects.get(name=name)
        return self._sources[name]

    def _learn_source(self, source: Source, native_ids: list[str]) -> None:
        found = self._read(source, native_ids)
        missing = [native_id for native_id in native_ids if native_id not in found]
        if missing:
            self._register(source, missing)
            found |= self._read(source, missing)
        for native_id in native_ids:
            self._devices[(source.name, native_id)] = found.get(native_id)

    def _read(self, source: Source, native_ids: list[str]) -> dict[str, DeviceRef]:
        identities = Identity.objects.filter(source=source, native_id__in=native_ids)
        refs = {
            identity.native_id: _ref(identity.device)
            for identity in identities.select_related("device")
        }
        by_pk = {ref.pk: ref for ref in refs.values()}
        rows = Series.objects.filter(device_id__in=by_pk).values_list(
            "device_id", "pk", "metric", "kind"
        )
        for device_id, pk, metric, kind in rows:
            by_pk[device_id].series[metric] = SeriesRef(pk, cast("Kind", kind))
        return refs

    def _register(self, source: Source, native_ids: list[str]) -> None:
        """Give unknown native ids a device, as the source's registration says."""
        by_key = {device_key(native_id): native_id for native_id in native_ids}
        mode = source.registration or settings.MQTT_REGISTRATION
        with transaction.atomic():
            if mode != "reject":
                self.added += _make_devices(by_key, pending=mode == "pending")
            devices = Device.objects.filter(key__in=by_key).values_list("pk", "key")
            Identity.objects.bulk_create(
                [
                    Identity(source=source, native_id=by_key[key], device_id=pk)
                    for pk, key in devices
                ],
                ignore_conflicts=True,
            )


def _make_devices(by_key: dict[str, str], *, pending: bool) -> int:
    known = set(Device.objects.filter(key__in=by_key).values_list("key", flat=True))
    new = [
        Device(key=key, name=readable(key) if "~" in key else "", pending=pending)
        for key in sorted(by_key)
        if key not in known
    ]
    Device.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _ref(device: Device) -> DeviceRef:
    limit = device.stale_after_s or settings.STALE_AFTER_S
    return DeviceRef(device.pk, device.key, device.enabled, limit)


def _make_series(ref: DeviceRef, metrics: dict[str, Kind]) -> None:
    Series.objects.bulk_create(
        [
            Series(device_id=ref.pk, metric=metric, kind=kind)
            for metric, kind in sorted(metrics.items())
        ],
        ignore_conflicts=True,
    )
    rows: Iterable[tuple[int, str, str]] = Series.objects.filter(
        device_id=ref.pk, metric__in=metrics
    ).values_list("pk", "metric", "kind")
    for pk, metric, kind in rows:
        ref.series[metric] = SeriesRef(pk, cast("Kind", kind))
