"""Changes that people make to the registry, and how running workers learn of them."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, pre_delete, pre_save

from devices.access import revocation
from devices.models import Device, Identity, Purge, Series, Source, Tag
from devices.queries import budget
from devices.registry import edit_log

# What workers need to know of a device, and of a series.
OF_DEVICE = {"key", "pending", "enabled", "stale_after_s", "zone"}
OF_SERIES = {"device", "metric", "kind", "raw_since"}
# For so long a request may delete or reject what it names.
MANY_SECONDS = 300.0
# Of a device: whether it, or another one in its place, is refused.
_ADMITS = {"key", "pending", "enabled"}


def set_tags(device: Device, names: Collection[str]) -> None:
    """Give a device exactly the tags of these names, which are made where there are none."""
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    device.tags.set(Tag.objects.filter(name__in=names))


def accept(devices: Iterable[Device]) -> int:
    """Accept pending (or rejected) devices; return how many changed."""
    keys = [device.pk for device in devices]
    with transaction.atomic():
        edit_log.record(keys, refused=True)
        count = Device.objects.filter(pk__in=keys).update(pending=False, enabled=True)
        revocation.changed()
    return count


def reject(devices: Iterable[Device]) -> int:
    """Reject devices: they stay known and disabled, their readings are purged."""
    budget.extend(MANY_SECONDS)
    keys = [device.pk for device in devices]
    with transaction.atomic():
        edit_log.record(keys, refused=True)
        count = Device.objects.filter(pk__in=keys).update(pending=False, enabled=False)
        _forget_series(keys)
        revocation.changed()
    return count


def delete(devices: Iterable[Device]) -> int:
    """Delete devices with all they reported; return how many went.

    The rows of the hot table go afterwards, in steps (`devices.registry.purge`).
    """
    budget.extend(MANY_SECONDS)
    keys = [device.pk for device in devices]
    with transaction.atomic():
        # First: a batch locks its writer's row before what it writes of devices.
        edit_log.record(keys, refused=True)
        _forget_series(keys)
        Device.objects.filter(pk__in=keys).delete()
    return len(keys)


def _forget_series(device_ids: list[int]) -> None:
    series = Series.objects.filter(device_id__in=device_ids)
    Purge.objects.bulk_create(
        [Purge(series_id=pk) for pk in series.values_list("pk", flat=True)],
        ignore_conflicts=True,
    )
    series.delete()


def _on_device(instance: Device, update_fields: frozenset[str] | None, **_kwargs: Any) -> None:
    if instance._state.adding:  # noqa: SLF001 - Django documents it
        edit_log.record(refused=True)
        return
    changed = OF_DEVICE if update_fields is None else OF_DEVICE & update_fields
    if changed:
        edit_log.record([instance.pk], refused=bool(changed & _ADMITS))


def _on_series(instance: Series, update_fields: frozenset[str] | None, **_kwargs: Any) -> None:
    if update_fields is None or update_fields & OF_SERIES:
        moved = update_fields is not None and "device" in update_fields
        edit_log.record([instance.device_id], everything=moved)


def _on_identity(instance: Identity, **_kwargs: Any) -> None:
    # Whose it was is not known here.
    edit_log.record(refused=True, everything=not instance._state.adding)  # noqa: SLF001


def _on_source(**_kwargs: Any) -> None:
    edit_log.record(everything=True)


def _on_device_gone(instance: Device, **_kwargs: Any) -> None:
    edit_log.record([instance.pk], refused=True)


def _on_part_gone(instance: Series | Identity, **_kwargs: Any) -> None:
    edit_log.record([instance.device_id], refused=True)


def _on_series_deleted(instance: Series, **_kwargs: Any) -> None:
    """Have the readings of a series go that somebody deleted by itself."""
    Purge.objects.bulk_create([Purge(series_id=instance.pk)], ignore_conflicts=True)


def connect() -> None:
    """Watch single saves and deletes; bulk changes record themselves.

    Each is told before it is made, in one transaction with it: Django deletes in one, and
    `ChangedColumns` saves in one.
    """
    post_delete.connect(_on_series_deleted, sender=Series, dispatch_uid="purge series")
    watched = (
        (Device, _on_device, _on_device_gone),
        (Series, _on_series, _on_part_gone),
        (Identity, _on_identity, _on_part_gone),
        (Source, _on_source, _on_source),
    )
    for model, on_save, on_delete in watched:
        pre_save.connect(on_save, sender=model, dispatch_uid=f"registry {model} saved")
        pre_delete.connect(on_delete, sender=model, dispatch_uid=f"registry {model} deleted")
