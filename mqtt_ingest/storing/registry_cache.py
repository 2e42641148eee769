"""The worker's cache of the registry, and the making of devices and series it meets."""

import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from devices.models import Device, Identity, Series, Source
from mqtt_ingest.core.keys import composed, device_key, readable
from mqtt_ingest.core.packets import Batch, Kind
from mqtt_ingest.core.samples import BASE

# Native ids that are refused, kept so that they cost no query each; then begun anew.
MAX_REFUSED = 50_000


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


# Why a packet's device is not taken in.
Refusal = Literal["registration", "pending_full"]


_NONE: dict[str, DeviceRef] = {}


class Registry:
    """Devices by (source, native id). Holds until `version` moves on in the database."""

    def __init__(self) -> None:
        self.version = -1
        # Raised with each `forget`: what was prepared before holds numbers that may be wrong.
        self.generation = 0
        self.added = 0
        # source -> native id -> device
        self._devices: dict[str, dict[str, DeviceRef]] = {}
        self._refused: dict[tuple[str, str], Refusal] = {}
        self._sources: dict[str, Source] = {}

    def device(self, source: str, native_id: str) -> DeviceRef | Refusal:
        """Return the device, or why it is refused.

        Raises:
            KeyError: `learn` comes first.
        """
        ref = self._devices.get(source, _NONE).get(native_id)
        return ref if ref is not None else self._refused[(source, native_id)]

    def trusts(self, source: str, native_id: str) -> bool:
        """Return whether the device is known here, and accepted."""
        ref = self._devices.get(source, _NONE).get(native_id)
        return ref is not None and ref.accepted

    def forget(self, version: int) -> None:
        """Drop all: the registry in the database has reached `version`."""
        for cache in (self._devices, self._refused, self._sources):
            cache.clear()
        self.version = version
        self.generation += 1

    def learn(self, batch: Batch) -> None:
        """Read or make every device and series that `batch` names, within the limits."""
        if len(self._refused) > MAX_REFUSED:
            self._refused.clear()
        self._learn_devices(batch)
        wanted: dict[DeviceRef, dict[str, Kind]] = {}
        for entry in batch.entries:
            if entry.decoded is None:
                continue
            ref = self.device(entry.source, entry.decoded.native_id)
            if isinstance(ref, str) or not ref.enabled:
                continue
            for sample in entry.decoded.samples:
                if sample.metric not in ref.series:
                    wanted.setdefault(ref, {}).setdefault(sample.metric, BASE[sample.kind])
        self._make_series(wanted)

    def _learn_devices(self, batch: Batch) -> None:
        unknown: dict[str, set[str]] = {}
        for entry in batch.entries:
            if entry.decoded is not None:
                source, native_id = entry.source, entry.decoded.native_id
                known = native_id in self._devices.get(source, _NONE)
                if not known and (source, native_id) not in self._refused:
                    unknown.setdefault(source, set()).add(native_id)
        for name, wanted in unknown.items():
            known_source = self._source(name)
            if known_source is not None:
                self._learn_source(known_source, sorted(wanted))
            else:
                self._keep(name, sorted(wanted), {}, "registration")

    def _source(self, name: str) -> Source | None:
        """Return the Source; None where somebody has just deleted it."""
        if name not in self._sources:
            found = Source.objects.filter(name=name).first()
            if found is None:
                return None
            self._sources[name] = found
        return self._sources[name]

    def _learn_source(self, source: Source, native_ids: list[str]) -> None:
        found = self._read(source, native_ids)
        missing = [native_id for native_id in native_ids if native_id not in found]
        mode = source.registration or settings.MQTT_REGISTRATION
        if missing:
            self._register(source, missing, mode)
            found |= self._read(source, missing)
        why: Refusal = "pending_full" if mode == "pending" else "registration"
        self._keep(source.name, native_ids, found, why)

    def _keep(
        self, source: str, native_ids: list[str], found: dict[str, DeviceRef], why: Refusal
    ) -> None:
        """Remember the devices that were found, and that the others are refused."""
        for native_id in native_ids:
            ref = found.get(native_id)
            if ref is not None:
                self._devices.setdefault(source, {})[native_id] = ref
            else:
                self._refused[(source, native_id)] = why

    def _read(self, source: Source, native_ids: list[str]) -> dict[str, DeviceRef]:
        # Names were not composed before: a device keeps the name it was registered under.
        apart = {unicodedata.normalize("NFD", name) for name in native_ids if not name.isascii()}
        identities = Identity.objects.filter(source=source, native_id__in={*native_ids, *apart})
        found = {one.native_id: one.device for one in identities.select_related("device")}
        composed_first = sorted(found, key=lambda name: composed(name) == name)
        return self._refs({composed(name): found[name] for name in composed_first})

    def _refs(self, devices: Mapping[str, Device]) -> dict[str, DeviceRef]:
        """Return `devices` with their series."""
        refs = {native_id: _ref(device) for native_id, device in devices.items()}
        by_pk = {ref.pk: ref for ref in refs.values()}
        self._remember(by_pk, Series.objects.filter(device_id__in=by_pk))
        return refs

    def _remember(self, by_pk: Mapping[int, DeviceRef], series: QuerySet[Series]) -> None:
        columns = series.values_list("device_id", "pk", "metric", "kind", "raw_since")
        for device_id, pk, metric, kind, raw_since in columns:
            # Names and kinds are the same few texts over and over.
            name, ref = sys.intern(composed(metric)), by_pk[device_id]
            ref.series[name] = SeriesRef(pk, cast("Kind", sys.intern(kind)), ref)
            if raw_since:
                ref.floors = {**(ref.floors or {}), pk: raw_since}

    def _register(self, source: Source, native_ids: list[str], mode: str) -> None:
        """Give unknown native ids a device, as the source's registration says."""
        by_key = {device_key(native_id): native_id for native_id in native_ids}
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

    def _make_series(self, wanted: Mapping[DeviceRef, Mapping[str, Kind]]) -> None:
        """Make the series that are missing, up to MAX_SERIES_PER_DEVICE each."""
        new: list[Series] = []
        for ref, metrics in wanted.items():
            room = max(0, settings.MAX_SERIES_PER_DEVICE - len(ref.series))
            ref.full = len(metrics) > room
            new += [
                Series(device_id=ref.pk, metric=metric, kind=kind)
                for metric, kind in sorted(metrics.items())[:room]
            ]
        if new:
            Series.objects.bulk_create(new, ignore_conflicts=True)
            by_pk = {ref.pk: ref for ref in wanted}
            self._remember(by_pk, Series.objects.filter(device_id__in=by_pk))


def _make_devices(by_key: Mapping[str, str], *, pending: bool) -> int:
    known = set(Device.objects.filter(key__in=by_key).values_list("key", flat=True))
    new = [
        Device(key=key, name=readable(key) if "~" in key else "", pending=pending)
        for key in sorted(by_key)
        if key not in known
    ]
    if pending:
        waiting = Device.objects.filter(pending=True).count()
        new = new[: max(0, settings.MAX_PENDING_DEVICES - waiting)]
    Device.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


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
