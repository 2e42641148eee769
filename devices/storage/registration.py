"""Making devices and series that writers meet."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db import transaction

from devices.models import Device, Identity, Series, Source
from devices.models.registry import KEY_LENGTH
from devices.storage import descriptions


def register(
    source: Source, by_key: Mapping[str, str], names: Mapping[str, str], *, pending: bool | None
) -> int:
    """Give native ids a device, in one transaction; return how many devices are new.

    Args:
        source: that knows them under their native ids.
        by_key: device key -> native id.
        names: device key -> what people read, where that differs.
        pending: whether new devices wait for somebody to accept them; None: none are made,
            and only devices that exist get the identity.
    """
    with transaction.atomic():
        by_key, names = _apart(source, by_key, names)
        made = 0 if pending is None else make_devices(by_key, names, pending=pending, by=source)
        known = Device.objects.filter(key__in=by_key).values_list("pk", "key")
        identities = [
            Identity(source=source, native_id=by_key[key], device_id=pk) for pk, key in known
        ]
        Identity.objects.bulk_create(identities, ignore_conflicts=True)
    return made


def _apart(
    source: Source, by_key: Mapping[str, str], names: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return both with other keys for those that devices of another broker have.

    What has one name on two brokers is two devices.
    """
    by_key, names = dict(by_key), dict(names)
    for key in sorted(_elsewhere(source, by_key)):
        suffix = f"-{source.broker.name if source.broker else 'main'}"
        other = key[: KEY_LENGTH - len(suffix)] + suffix
        names[other] = names.pop(key, key)
        by_key[other] = by_key.pop(key)
    return by_key, names


def _elsewhere(source: Source, keys: Iterable[str]) -> set[str]:
    """Return those of `keys` whose devices are known at other brokers alone."""
    known = Identity.objects.filter(device__key__in=list(keys))
    told = known.values_list("device__key", "source__broker_id")
    here = {key for key, broker in told if broker == source.broker_id}
    return {key for key, _broker in told} - here


def make_devices(
    keys: Iterable[str],
    names: Mapping[str, str],
    *,
    pending: bool = False,
    by: Source | None = None,
) -> int:
    """Make devices of `keys` that do not exist; return how many.

    Of those that wait to be accepted there are MAX_PENDING_DEVICES at most, of each broker: one
    that floods takes no room from the others. `by` tells whose they are.
    """
    wanted = sorted(keys)
    known = set(Device.objects.filter(key__in=wanted).values_list("key", flat=True))
    new = [
        Device(key=key, name=names.get(key, ""), pending=pending)
        for key in wanted
        if key not in known
    ]
    if pending:
        waiting = _waiting(by)
        new = new[: max(0, settings.MAX_PENDING_DEVICES - waiting)]
    Device.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _waiting(by: Source | None) -> int:
    """Return how many devices of the broker of `by` wait to be accepted."""
    found = Device.objects.filter(pending=True)
    if by is not None:
        own = Identity.objects.filter(source__broker=by.broker_id).values("device_id")
        found = found.filter(pk__in=own)
    return found.count()


def make_series(new: Iterable[tuple[int, str, str]]) -> None:
    """Make series that do not exist: (device pk, metric, kind); as descriptions have them."""
    wanted = list(new)
    described = descriptions.of_new_series({pk for pk, _metric, _kind in wanted})
    made = []
    for pk, metric, kind in wanted:
        series = Series(device_id=pk, metric=metric, kind=kind)
        given = described.get(pk, {}).get(metric)
        if given:
            series.kind = given.get("kind") or kind
            descriptions.apply(series, given)
        made.append(series)
    Series.objects.bulk_create(made, ignore_conflicts=True)
