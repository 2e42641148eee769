"""The worker's cache of the registry, and the making of devices and series it meets."""

import unicodedata
from collections.abc import Iterable, Set
from typing import Literal

from django.conf import settings

from devices.models import Device, Identity, Source
from devices.registry import edit_log
from devices.storage import registration
from mqtt_ingest.core.descriptions import Kind
from mqtt_ingest.core.keys import composed, device_key, readable
from mqtt_ingest.core.packets import Batch, DeviceMessage
from mqtt_ingest.core.samples import BASE
from mqtt_ingest.storing import device_refs
from mqtt_ingest.storing.device_refs import DeviceRef

# Native ids that are refused, kept so that they cost no query each; then begun anew.
MAX_REFUSED = 50_000
# Devices of which it is known when they were dropped; beyond it all that is prepared is so anew.
MAX_DROPPED = 1_000


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
        # The one object of each device, whichever sources know it.
        self._refs: dict[int, DeviceRef] = {}
        # Device pk -> its names above.
        self._names: dict[int, list[tuple[str, str]]] = {}
        # The last change of the registry that is in here.
        self._position = 0
        # Raised with each `catch_up`; at which each device was dropped, and who was refused.
        self.turn = 0
        self._dropped: dict[int, int] = {}
        self._admitted = 0

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
        for cache in (self._devices, self._refs, self._refused, self._sources, self._names):
            cache.clear()
        self._dropped.clear()
        self._position = edit_log.newest()
        self.version = version
        self.generation += 1

    def catch_up(self, version: int) -> None:
        """Drop what was changed until the registry in the database reached `version`."""
        edits = edit_log.since(self._position)
        # What is not in the log was raised by the last release, or the database went back.
        if any(edit.everything for edit in edits) or len(edits) < version - self.version:
            self.forget(version)
            return
        if len(self._dropped) > MAX_DROPPED:
            self._dropped.clear()
            self.generation += 1
        self.turn += 1
        changed: set[int] = set()
        for edit in edits:
            self._position = edit.pk
            changed.update(edit.devices)
            if edit.refused:
                self._refused.clear()
                self._admitted = self.turn
        for pk in changed - self._refreshed(changed & self._names.keys()):
            self._dropped[pk] = self.turn
            self._refs.pop(pk, None)
            for source, native_id in self._names.pop(pk, ()):
                del self._devices[source][native_id]
        self.version = version

    def _refreshed(self, devices: Set[int]) -> set[int]:
        """Read `devices` (pks) anew; return those of which no batch need know a difference."""
        if not devices:
            return set()
        found = Device.objects.in_bulk(devices)
        new = {
            ref.pk: ref for ref in device_refs.read({str(pk): found[pk] for pk in found}).values()
        }
        names: dict[int, set[tuple[str, str]]] = {}
        for identity in Identity.objects.filter(device__in=found).select_related("source"):
            name = (identity.source.name, composed(identity.native_id))
            names.setdefault(identity.device_id, set()).add(name)
        same = set()
        for pk, ref in new.items():
            source, native_id = self._names[pk][0]
            old = self._devices[source][native_id]
            if names.get(pk, set()).issuperset(self._names[pk]) and old.takes_as(ref):
                old.stale_after_s, old.learns = ref.stale_after_s, ref.learns
                same.add(pk)
        return same

    def still_holds(
        self, generation: int, turn: int, devices: Iterable[int], *, all_in: bool
    ) -> bool:
        """Return whether what was prepared from here is what would be prepared now.

        Args:
            generation: of then.
            turn: of then.
            devices: the pks that it was prepared with.
            all_in: nobody of it was refused.
        """
        if generation != self.generation or (self._admitted > turn and not all_in):
            return False
        return all(self._dropped.get(pk, 0) <= turn for pk in devices)

    def learn(self, batch: Batch) -> None:
        """Read or make every device and series that `batch` names, within the limits."""
        if len(self._refused) > MAX_REFUSED:
            self._refused.clear()
        self._learn_devices(batch)
        wanted: dict[DeviceRef, dict[str, Kind]] = {}
        for entry in batch.entries:
            for message in entry.messages or ():
                ref = self.device(entry.source, message.native_id)
                if isinstance(ref, str) or not ref.enabled:
                    continue
                for sample in message.samples:
                    if sample.metric not in ref.series:
                        kind = _described_kind(message, sample.metric) or BASE[sample.kind]
                        wanted.setdefault(ref, {}).setdefault(sample.metric, kind)
        device_refs.make_series(wanted)

    def _learn_devices(self, batch: Batch) -> None:
        unknown: dict[str, set[str]] = {}
        for entry in batch.entries:
            for message in (*(entry.messages or ()), *entry.known):
                source, native_id = entry.source, message.native_id
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
                ref = self._refs.setdefault(ref.pk, ref)
                self._devices.setdefault(source, {})[native_id] = ref
                self._names.setdefault(ref.pk, []).append((source, native_id))
            else:
                self._refused[(source, native_id)] = why

    def _read(self, source: Source, native_ids: list[str]) -> dict[str, DeviceRef]:
        # Names were not composed before: a device keeps the name it was registered under.
        apart = {unicodedata.normalize("NFD", name) for name in native_ids if not name.isascii()}
        identities = Identity.objects.filter(source=source, native_id__in={*native_ids, *apart})
        found = {one.native_id: one.device for one in identities.select_related("device")}
        composed_first = sorted(found, key=lambda name: composed(name) == name)
        return device_refs.read({composed(name): found[name] for name in composed_first})

    def _register(self, source: Source, native_ids: list[str], mode: str) -> None:
        """Give unknown native ids a device, as the source's registration says."""
        by_key = {device_key(native_id): native_id for native_id in native_ids}
        names = {key: readable(key) for key in by_key if "~" in key}
        pending = None if mode == "reject" else mode == "pending"
        self.added += registration.register(source, by_key, names, pending=pending)


def _described_kind(message: DeviceMessage, metric: str) -> Kind | None:
    """Return the kind that the message itself says the metric is of."""
    said = message.description.series.get(metric) if message.description else None
    return said.kind if said else None
