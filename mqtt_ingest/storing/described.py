"""What packets say about devices, handed on to where descriptions are stored."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from devices.storage import descriptions
from devices.storage.descriptions import Said
from mqtt_ingest.core.descriptions import Description, SeriesDescription
from mqtt_ingest.storing.device_refs import DeviceRef
from mqtt_ingest.storing.registry_cache import Registry


def write(described: Iterable[tuple[DeviceRef, str, Description]], registry: Registry) -> None:
    """Store what was said, in order: device, the source that said it, and what."""
    said = [
        Said(
            ref.pk,
            {name: getattr(description, name) for name in descriptions.OF_DEVICE},
            {metric: _given(series) for metric, series in description.series.items()},
            _parent(registry, source, description.parent),
        )
        for ref, source, description in described
    ]
    descriptions.write(said, timezone.now())


def _given(series: SeriesDescription) -> dict[str, Any]:
    given = asdict(series)
    return {**given, "states": list(series.states)}


def _parent(registry: Registry, source: str, native_id: str) -> int | None:
    """Return the pk of a gateway, where the source knows it."""
    if not native_id:
        return None
    try:
        found = registry.device(source, native_id)
    except KeyError:
        return None
    return None if isinstance(found, str) else found.pk
