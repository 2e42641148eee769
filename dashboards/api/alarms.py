"""Alarms: what is on, what was, and what people do about it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem, from_model
from dashboards.presentation import alarms as presentation
from devices.access import Scope
from devices.alarms import answering, editing, listing
from devices.alarms.models import Alarm, Maintenance
from devices.models import Device, Site

router = Router(tags=["alarms"])

Id = Annotated[int, Field(ge=1, le=2**62)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=500)]
# 9000-01-01: calendars of browsers go on, those of databases end.
Ms = Annotated[int, Field(ge=0, le=221_845_392_000_000)]
Name = Annotated[str, Field(max_length=200)]


class Wanted(Schema):
    """Which alarms: of a device, a site and those below it, a severity, a span of time (ms)."""

    state: Literal["on", "shelved", "all"] = "on"
    device: Name = ""
    site: Name = ""
    rule: Annotated[int | None, Field(ge=1, le=2**62)] = None
    severity: Literal["", "info", "warning", "critical"] = ""
    since: Annotated[Ms | None, Field(alias="from")] = None
    until: Annotated[Ms | None, Field(alias="to")] = None


class Acknowledge(Body):
    """Alarms that somebody has seen and cares about."""

    ids: Ids
    note: Annotated[str, Field(max_length=answering.NOTE_LENGTH)] = ""


class Shelve(Body):
    """Alarms that are out of sight until a moment (ms), and why."""

    ids: Ids
    until: Ms
    reason: Annotated[str, Field(max_length=answering.NOTE_LENGTH)]


class Unshelve(Body):
    """Alarms that are to be seen again."""

    ids: Ids


class Work(Body):
    """Somebody works on a device or at a site: nothing is raised until a moment (ms)."""

    site: Name = ""
    device: Name = ""
    since: Annotated[Ms | None, Field(alias="from")] = None
    until: Annotated[Ms, Field(alias="to")]
    reason: Annotated[str, Field(max_length=500)]


@router.get("", response=dict[str, Any])
def list_alarms(
    request: HttpRequest,
    wanted: Query[Wanted],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> dict[str, Any]:
    """List the alarms of devices you see, the newest first; `after` is the id of the last one."""
    caller = scope(request)
    found = _wanted(listing.visible(caller), wanted, caller).order_by("-pk")
    if after:
        found = found.filter(pk__lt=after)
    rows = list(found[: limit + 1])
    return {
        "alarms": [presentation.told(alarm, caller) for alarm in rows[:limit]],
        "counts": presentation.counts(listing.visible(caller)),
        "after": rows[limit - 1].pk if len(rows) > limit else None,
    }


def _wanted(found: QuerySet[Alarm], wanted: Wanted, caller: Scope) -> QuerySet[Alarm]:
    if wanted.state == "on":
        found = found.filter(listing.on_q()).exclude(listing.shelved_q())
    elif wanted.state == "shelved":
        found = found.filter(listing.on_q()).filter(listing.shelved_q())
    if wanted.device:
        found = found.filter(device=_device(wanted.device, caller))
    if wanted.site:
        found = found.filter(device__site__in=presentation.sites_of(_site(wanted.site, caller)))
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    if wanted.rule is not None:
        found = found.filter(rule=wanted.rule)
    if wanted.since is not None:
        found = found.exclude(until__lt=wanted.since * 1_000)
    return found if wanted.until is None else found.filter(since__lte=wanted.until * 1_000)


@router.get("/{int:number}", response=dict[str, Any])
def get_alarm(request: HttpRequest, number: int) -> dict[str, Any]:
    """Return one alarm with everything that happened to it, and its spans in ms."""
    caller = scope(request)
    alarm = listing.visible(caller).filter(pk=number).first()
    if alarm is None:
        raise Http404(f"There is no alarm {number}, or you may not see it.")
    episodes = [
        [one.since / 1_000, None if one.until is None else one.until / 1_000]
        for one in alarm.episodes.all()[:1_000]
    ]
    events = [presentation.told_event(event) for event in alarm.events.all()[:1_000]]
    return {**presentation.told(alarm, caller), "episodes": episodes, "events": events}


@router.post("/acknowledge", response=dict[str, int])
def acknowledge(request: HttpRequest, body: Acknowledge) -> dict[str, int]:
    """Acknowledge alarms; how many of them nobody had acknowledged yet."""
    try:
        done = answering.acknowledge(_mine(request, body.ids), request.user, body.note)
    except ValidationError as error:
        raise from_model(error) from error
    return {"acknowledged": done}


@router.post("/shelve", response=dict[str, int])
def shelve(request: HttpRequest, body: Shelve) -> dict[str, int]:
    """Put alarms on the shelf for a while."""
    until = datetime.fromtimestamp(body.until / 1_000, UTC)
    try:
        done = answering.shelve(_mine(request, body.ids), request.user, until, body.reason)
    except ValidationError as error:
        raise from_model(error) from error
    return {"shelved": done}


@router.post("/unshelve", response=dict[str, int])
def unshelve(request: HttpRequest, body: Unshelve) -> dict[str, int]:
    """Take alarms off the shelf."""
    return {"unshelved": answering.unshelve(_mine(request, body.ids), request.user)}


def _mine(request: HttpRequest, ids: list[int]) -> list[Alarm]:
    """Return alarms by id, all of which the caller may answer."""
    caller = scope(request)
    found = {alarm.pk: alarm for alarm in listing.visible(caller).filter(pk__in=ids)}
    for number in ids:
        if number not in found:
            raise Problem(404, f"There is no alarm {number}, or you may not see it.", "ids")
        if not listing.may_answer(found[number], caller):
            raise Problem(403, "Only operators may answer alarms.")
    return list(found.values())


@router.get("/maintenance", response=dict[str, Any])
def list_maintenance(request: HttpRequest) -> dict[str, Any]:
    """List where somebody works, or will, the latest first."""
    found = listing.maintenance(scope(request))[:1_000]
    return {"maintenance": [_told_work(work) for work in found]}


@router.post("/maintenance", response={201: dict[str, Any]})
def add_maintenance(request: HttpRequest, body: Work) -> Status[dict[str, Any]]:
    """Say that somebody works on a device, or at a site and those below it."""
    caller = scope(request)
    if bool(body.site) == bool(body.device):
        raise Problem(422, "Name one site or one device.", "device")
    of = _device(body.device, caller) if body.device else _site(body.site, caller)
    if not listing.may_work(of, caller):
        raise Problem(403, "Only operators may say that somebody works there.")
    since = None if body.since is None else body.since * 1_000
    try:
        made = editing.begin_work(of, body.until * 1_000, body.reason, str(request.user), since)
    except ValidationError as error:
        raise from_model(error) from error
    return Status(201, _told_work(made))


@router.delete("/maintenance/{int:number}", response={204: None})
def end_maintenance(request: HttpRequest, number: int) -> Status[None]:
    """End it now; one that has not begun is taken away."""
    caller = scope(request)
    work = listing.maintenance(caller).filter(pk=number).first()
    if work is None:
        raise Http404(f"There is no maintenance {number}, or you may not see it.")
    if not listing.may_work(work.device or work.site, caller):
        raise Problem(403, "Only operators may end it.")
    editing.end_work(work)
    return Status(204, None)


def _told_work(work: Maintenance) -> dict[str, Any]:
    return {
        "id": work.pk,
        "device": work.device.key if work.device is not None else "",
        "site": work.site.slug if work.site is not None else "",
        "from": work.since / 1_000,
        "to": work.until / 1_000,
        "reason": work.reason,
        "by": work.made_by,
    }


def _device(key: str, caller: Scope) -> Device:
    device = caller.devices().filter(key=key).first()
    if device is None:
        raise Problem(422, "There is no such device, or you may not see it.", "device")
    return device


def _site(slug: str, caller: Scope) -> Site:
    site = Site.objects.filter(slug=slug).first()
    if site is None or not caller.may_see(site):
        raise Problem(422, "There is no such site, or you may not see it.", "site")
    return site
