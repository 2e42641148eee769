"""Devices: list, register, read, change, delete."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem
from dashboards.api.readings import Window, answer, window_params
from dashboards.presentation.last_known import known_of
from devices import queries, registry
from devices.access import Scope
from devices.models import Device, Site
from devices.models.registry import KEY_PATTERN, valid_zone
from devices.monitoring import heartbeats
from devices.registry import listing
from devices.registry.states import AsOf, since_of, state_of

router = Router(tags=["devices"])

# Of one device.
MAX_TAGS = 50


class LatestOut(Schema):
    """A newest reading; `ts` in ms."""

    ts: float
    value: float | bool | str | None


class SeriesOut(Schema):
    """A series of a device."""

    metric: str
    unit: str
    kind: str
    label: str
    decimals: int | None
    shown_unit: str
    hidden: bool
    latest: LatestOut | None = None


class KnownOut(Schema):
    """What the broker keeps of a metric without a time: no reading."""

    metric: str
    value: str
    unit: str
    heard_at: datetime


class DeviceOut(Schema):
    """A device."""

    key: str
    name: str
    site: str | None
    type: str
    tags: list[str]
    location: str
    latitude: float | None
    longitude: float | None
    pending: bool
    enabled: bool
    state: str
    since: datetime | None
    last_seen: datetime | None
    zone: str
    manufacturer: str
    firmware: str
    # The key of the gateway that it speaks through, where you may see that.
    gateway: str | None


class DeviceDetail(DeviceOut):
    """A device with its series and newest values."""

    series: list[SeriesOut]
    last_known: list[KnownOut]


class DeviceList(Schema):
    """A page of devices."""

    count: int
    items: list[DeviceOut]


TagName = Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]{1,100}$")]


class DeviceChange(Body):
    """What may be changed; what is absent stays."""

    name: Annotated[str, Field(max_length=200)] | None = None
    site: str | None = None
    type: Annotated[str, Field(max_length=100)] | None = None
    tags: Annotated[list[TagName], Field(max_length=MAX_TAGS)] | None = None
    location: Annotated[str, Field(max_length=200)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    pending: bool | None = None
    enabled: bool | None = None
    stale_after_s: Annotated[int, Field(ge=1, le=2_147_483_647)] | None = None
    zone: Annotated[str, Field(max_length=50)] | None = None


class DeviceIn(DeviceChange):
    """A new device."""

    key: str


@router.get("", response=DeviceList)
def list_devices(
    request: HttpRequest,
    search: Annotated[str, Query(max_length=listing.SEARCH_LENGTH)] = "",
    site: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> dict[str, Any]:
    """List the devices you may see, by key."""
    if len(search.split()) > listing.SEARCH_WORDS:
        raise Problem(422, f"search: {listing.SEARCH_WORDS} words are allowed", "search")
    found = scope(request).devices().order_by("key").select_related("site")
    filters = listing.Filters(search=search, site=site)
    found = filters.narrow(found).prefetch_related("tags")
    as_of = heartbeats.as_of()
    shown = list(found[offset : offset + limit])
    gateways = _gateways(scope(request), shown)
    items = [_out(device, as_of, gateways) for device in shown]
    return {"count": found.count(), "items": items}


@router.post("", response={201: DeviceDetail})
def create_device(request: HttpRequest, body: DeviceIn) -> Status[dict[str, Any]]:
    """Register a device before it publishes."""
    if not re.match(KEY_PATTERN, body.key):
        raise Problem(422, "key must be 1 to 128 of A-Z a-z 0-9 _ . : - ~", "key")
    device = Device(key=body.key)
    caller = scope(request)
    device.site = _site(caller, body.site) if body.site else None
    # Before anything is told of devices that others have.
    if not caller.may_add(device):
        raise Problem(403, "Only managers of the site may register devices there.", "site")
    if Device.objects.filter(key=body.key).exists():
        raise Problem(409, f"There is a device {body.key} already.", "key")
    with transaction.atomic():
        device.save()
        _change(caller, device, body)
    return Status(201, _detail(device, caller))


@router.get("/{key}", response=DeviceDetail)
def read_device(request: HttpRequest, key: str) -> dict[str, Any]:
    """Read one device with its newest values."""
    caller = scope(request)
    return _detail(_find(caller, key), caller)


@router.patch("/{key}", response=DeviceDetail)
def change_device(request: HttpRequest, key: str, body: DeviceChange) -> dict[str, Any]:
    """Change a device; `pending: false` accepts it."""
    caller = scope(request)
    device = _find(caller, key)
    if not caller.may_change(device):
        raise Problem(403, "Only operators of its site may change this device.")
    with transaction.atomic():
        _change(caller, device, body)
    return _detail(device, caller)


@router.delete("/{key}", response={204: None})
def delete_device(request: HttpRequest, key: str) -> Status[None]:
    """Delete a device with all its readings."""
    caller = scope(request)
    device = _find(caller, key)
    if not caller.may_delete(device):
        raise Problem(403, "Only managers of its site may delete this device.")
    registry.delete([device])
    return Status(204, None)


@router.get("/{key}/readings", response=dict[str, Any])
def device_readings(
    request: HttpRequest, key: str, window: Query[Window], metric: str = ""
) -> dict[str, Any]:
    """Read a span of one metric, or of all metrics, of a device."""
    device = _find(scope(request), key)
    infos = queries.series_of([device.pk])
    if metric:
        infos = [info for info in infos if info.metric == metric]
        if not infos:
            raise Http404(f"The device {key} has no metric {metric!r}.")
    return answer(infos, window_params(window))


def _find(caller: Scope, key: str) -> Device:
    device = caller.devices().select_related("site").filter(key=key).first()
    if device is None:
        raise Http404(f"There is no device {key!r}.")
    return device


def _site(caller: Scope, slug: str) -> Site:
    site = Site.objects.filter(slug=slug).first()
    if site is None or not caller.may_see(site):
        raise Problem(422, f"There is no site {slug!r}.", "site")
    return site


def _change(caller: Scope, device: Device, body: DeviceChange) -> None:
    given = body.model_dump(exclude_unset=True)
    given.pop("key", None)
    # By type policies tell what is kept: to change it may remove readings.
    managing = {"pending", "enabled", "site", "type"} & given.keys()
    if managing and device.pk and not caller.may_manage(device):
        raise Problem(403, "Only managers of its site may change this.", sorted(managing)[0])
    if "site" in given:
        slug = given.pop("site")
        device.site = _site(caller, slug) if slug else None
        if not caller.may_manage(device):
            raise Problem(403, "Only managers of a site may put devices there.", "site")
    tags = given.pop("tags", None)
    _check_zone(given.get("zone"))
    if "type" in given:
        given["device_type"] = given.pop("type")
    for name, value in given.items():
        setattr(device, name, value if value is not None else _empty(device, name))
    device.save()
    if tags is not None:
        registry.set_tags(device, tags)


def _check_zone(name: str | None) -> None:
    try:
        valid_zone(name or "UTC")
    except ValidationError as error:
        raise Problem(422, " ".join(error.messages), "zone") from error


def _empty(device: Device, name: str) -> Any:
    field = device._meta.get_field(name)  # noqa: SLF001 - Django's public introspection
    return None if getattr(field, "null", False) else getattr(field, "get_default", str)()


def _gateways(caller: Scope, devices: list[Device]) -> dict[int, str]:
    """Return the keys of what `devices` speak through, as far as the caller may see it."""
    parents = {device.parent_id for device in devices if device.parent_id is not None}
    return dict(caller.devices().filter(pk__in=parents).values_list("pk", "key"))


def _out(device: Device, as_of: AsOf, gateways: Mapping[int, str]) -> dict[str, Any]:
    return {
        "key": device.key,
        "name": device.name,
        "site": device.site.slug if device.site else None,
        "type": device.device_type,
        "tags": sorted(tag.name for tag in device.tags.all()),
        "location": device.location,
        "latitude": device.latitude,
        "longitude": device.longitude,
        "pending": device.pending,
        "enabled": device.enabled,
        "state": state_of(device, as_of),
        "since": since_of(device, as_of),
        "last_seen": device.last_seen,
        "zone": device.zone,
        "manufacturer": device.manufacturer,
        "firmware": device.firmware,
        "gateway": gateways.get(device.parent_id or 0),
    }


def _detail(device: Device, caller: Scope) -> dict[str, Any]:
    infos = queries.series_of([device.pk])
    newest = queries.latest(infos)
    series = [
        {
            "metric": info.metric,
            "unit": info.unit,
            "kind": info.kind,
            "label": info.label,
            "decimals": info.decimals,
            "shown_unit": info.shown_unit,
            "hidden": info.hidden,
            "latest": {"ts": newest[info.pk][0] / 1_000, "value": newest[info.pk][1]}
            if info.pk in newest
            else None,
        }
        for info in infos
    ]
    gateways = _gateways(caller, [device])
    known = [
        {"metric": one.metric, "value": one.text, "unit": one.unit, "heard_at": one.heard_at}
        for one in known_of([device.pk]).get(device.pk, [])
    ]
    told = _out(device, heartbeats.as_of(), gateways)
    return {**told, "series": series, "last_known": known}
