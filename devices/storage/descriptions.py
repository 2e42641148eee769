"""What devices say about themselves, written where people have not said otherwise."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from devices.models import Device, DeviceDescription, Series
from devices.storable import storable

logger = logging.getLogger(__name__)

# Changes of a description that are kept.
KEPT_CHANGES = 20
# What is said -> the device's column.
OF_DEVICE = {
    "name": "name",
    "model": "device_type",
    "manufacturer": "manufacturer",
    "firmware": "firmware",
    "place": "location",
}
OF_SERIES = (
    *("unit", "unit_as_sent", "label", "decimals", "minimum", "maximum", "states", "counts_up"),
)
# Series that one device may be told of.
MAX_SERIES = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What is said about one device; empty values say nothing.

    Args:
        device: its pk.
        own: name, model, manufacturer, firmware, place.
        series: metric -> unit, unit_as_sent, kind, label, decimals, minimum, maximum, states,
            counts_up, cadence_s.
        parent: pk of the gateway that it speaks through.
    """

    device: int
    own: Mapping[str, str]
    series: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parent: int | None = None


def write(said: Sequence[Said], at: datetime) -> None:
    """Store descriptions, in the caller's transaction; later ones of a device add to earlier."""
    pks = sorted({one.device for one in said})
    devices = Device.objects.in_bulk(pks)
    kept = DeviceDescription.objects.in_bulk(pks)
    for one in sorted(said, key=lambda one: one.device):
        device = devices.get(one.device)
        if device is None:
            continue
        if one.device not in kept:
            kept[one.device] = DeviceDescription(device=device, said_at=at)
        description = kept[one.device]
        changes = _merged(description, replace(one, **_storable(one)), at)
        if changes or description._state.adding:  # noqa: SLF001 - Django documents it
            description.save()
        _write_device(device, one)
    _write_series({pk: kept[pk].series for pk in kept})


def _storable(one: Said) -> dict[str, Any]:
    return {"own": storable(one.own), "series": storable(one.series)}


def _merged(description: DeviceDescription, one: Said, at: datetime) -> list[dict[str, Any]]:
    """Take `one` into `description`; return what it changes of what was said before."""
    changes: list[dict[str, Any]] = []
    is_new = False
    known: list[tuple[str, dict[str, Any], Mapping[str, Any]]] = [("", description.said, one.own)]
    for metric, given in one.series.items():
        if metric in description.series or len(description.series) < MAX_SERIES:
            known.append((metric, description.series.setdefault(metric, {}), given))
    for metric, before, given in known:
        for name, value in given.items():
            if value in (None, "", [], ()) or before.get(name) == value:
                continue
            is_new = True
            if name in before and name not in {"unit_as_sent", "cadence_s"}:
                changes.append(
                    {
                        "at": round(at.timestamp() * 1_000),
                        "field": f"{metric}: {name}" if metric else name,
                        "old": before[name],
                        "new": value,
                    }
                )
            before[name] = value
    if is_new:
        description.said_at = at
        description.changes = [*changes, *description.changes][:KEPT_CHANGES]
    return changes or ([{}] if is_new else [])


def _write_device(device: Device, one: Said) -> None:
    """Set the columns of `device` that nobody has set by hand."""
    columns: dict[str, Any] = {
        column: _fitting(Device, column, one.own[name])
        for name, column in OF_DEVICE.items()
        if one.own.get(name) and column not in device.by_hand
    }
    if one.parent is not None and "parent" not in device.by_hand:
        columns["parent_id"] = one.parent
    changed = {name: new for name, new in columns.items() if getattr(device, name) != new}
    if "parent_id" in changed:
        if device.is_below(changed["parent_id"]):
            refused = changed.pop("parent_id")
            logger.warning(
                "%s: what says that it speaks through device %s is not taken over: that one "
                "speaks through it. Set its gateway in admin",
                device.key,
                refused,
            )
        else:
            changed["cut_off_since"] = _cut_off_by(changed["parent_id"])
    if changed:
        Device.objects.filter(pk=device.pk).update(**changed)
        for name, new in changed.items():
            setattr(device, name, new)


def _fitting(model: type[Any], column: str, text: str) -> str:
    """Return `text` as long as `column` of `model` may be, in one line, without controls."""
    shown = "".join(one if one.isprintable() else " " for one in text).strip()
    return shown[: model._meta.get_field(column).max_length]  # noqa: SLF001 - Django documents it


def _cut_off_by(parent: int) -> datetime | None:
    """Return since when what speaks through `parent` is cut off; None: it is not."""
    found = Device.objects.filter(pk=parent).first()
    if found is None:
        return None
    return found.status_since if found.status == "offline" else found.cut_off_since


def _write_series(described: Mapping[int, Mapping[str, Mapping[str, Any]]]) -> None:
    """Set the columns of the devices' series that nobody has set by hand."""
    changed = []
    for series in Series.objects.filter(device__in=described).order_by("pk"):
        given = described[series.device_id].get(series.metric)
        if given and apply(series, given):
            changed.append(series)
    if changed:
        Series.objects.bulk_update(changed, OF_SERIES, batch_size=200)


def apply(series: Series, given: Mapping[str, Any]) -> bool:
    """Set what is said of `series` on it, where nobody set it by hand; return whether it changed.

    Its kind is not changed: what is stored is of the kind it has.
    """
    is_changed = False
    for name in OF_SERIES:
        value = given.get(name)
        if value is None or name in series.by_hand:
            continue
        if name == "unit_as_sent" and "unit" in series.by_hand:
            continue
        if isinstance(value, str):
            value = _fitting(Series, name, value)
        if getattr(series, name) != value:
            setattr(series, name, value)
            is_changed = True
    return is_changed


def of_new_series(devices: Iterable[int]) -> dict[int, Mapping[str, Mapping[str, Any]]]:
    """Return what is said of the series of `devices`, by device and metric."""
    found = DeviceDescription.objects.filter(device__in=list(devices))
    return dict(found.values_list("device_id", "series"))
