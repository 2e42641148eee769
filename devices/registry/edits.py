"""Changes that people make to the registry, and how running workers learn of them.

Workers cache the registry. Each change raises `registry` on every writer row, in
the change's own transaction; the fencing UPDATE of every batch returns it, so a
batch can never commit against a registry that has been changed under it.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save

from devices.access import revocation
from devices.models import Device, Identity, Purge, Series, Site, Source, Writer


def changed() -> None:
    """Tell every worker that the registry is not what it cached."""
    Writer.objects.update(registry=F("registry") + 1)


def accept(devices: Iterable[Device]) -> int:
    """Accept pending (or rejected) devices; return how many changed."""
    keys = [device.pk for device in devices]
    with transaction.atomic():
        count = Device.objects.filter(pk__in=keys).update(pending=False, enabled=True)
        changed()
        revocation.changed()
    return count


def reject(devices: Iterable[Device]) -> int:
    """Reject devices: they stay known and disabled, their readings are purged."""
    keys = [device.pk for device in devices]
    with transaction.atomic():
        count = Device.objects.filter(pk__in=keys).update(pending=False, enabled=False)
        _forget_series(keys)
        changed()
        revocation.changed()
    return count


def delete(devices: Iterable[Device]) -> int:
    """Delete devices with all they reported; return how many went.

    The rows of the hot table go afterwards, in steps (`devices.registry.purge`).
    """
    keys = [device.pk for device in devices]
    with transaction.atomic():
        _forget_series(keys)
        Device.objects.filter(pk__in=keys).delete()
        changed()
    return len(keys)


def _forget_series(device_ids: list[int]) -> None:
    series = Series.objects.filter(device_id__in=device_ids)
    Purge.objects.bulk_create(
        [Purge(series_id=pk) for pk in series.values_list("pk", flat=True)],
        ignore_conflicts=True,
    )
    series.delete()


def _on_change(**_kwargs: Any) -> None:
    changed()


def _on_series_deleted(instance: Series, **_kwargs: Any) -> None:
    """Have the readings of a series go that somebody deleted by itself."""
    Purge.objects.bulk_create([Purge(series_id=instance.pk)], ignore_conflicts=True)


def connect() -> None:
    """Watch single saves and deletes; bulk changes above call `changed` themselves."""
    post_delete.connect(_on_series_deleted, sender=Series, dispatch_uid="purge series")
    for model in (Device, Series, Source, Site, Identity):
        for signal in (post_save, post_delete):
            signal.connect(_on_change, sender=model, dispatch_uid=f"registry {model} {id(signal)}")
