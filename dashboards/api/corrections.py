"""Corrections: list, preview, make and undo marks on readings."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem
from devices import corrections, queries
from devices.access import Scope
from devices.corrections import CannotCorrect
from devices.models import Correction
from devices.queries import SeriesInfo
from devices.timestamps import parse_moment

router = Router(tags=["corrections"])


class CorrectionIn(Body):
    """What to mark: `from` and `to` in ISO 8601 or ms, both included."""

    key: str
    since: Annotated[str | float, Field(alias="from")]
    until: Annotated[str | float, Field(alias="to")]
    kind: Literal["bad", "deleted"] = "bad"
    reason: str
    dry_run: bool = False


class CorrectionOut(Schema):
    """A mark; times in ms."""

    id: int
    key: str
    since: Annotated[float, Field(serialization_alias="from")]
    until: Annotated[float, Field(serialization_alias="to")]
    kind: str
    reason: str
    made_at: datetime
    made_by: str | None
    undone_at: datetime | None
    undone_by: str | None


class PreviewOut(Schema):
    """What would be marked; times in ms."""

    count: int
    first: float | None
    last: float | None
    min: float | None
    max: float | None


@router.get("", response=list[CorrectionOut], by_alias=True)
def list_corrections(
    request: HttpRequest,
    device: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List the marks on devices you may see, the newest first; those undone too."""
    found = _visible(scope(request))
    if device:
        found = found.filter(series__device__key=device)
    return [_out(mark) for mark in found[offset : offset + limit]]


@router.post("", response={200: PreviewOut, 201: CorrectionOut}, by_alias=True)
def make_correction(request: HttpRequest, body: CorrectionIn) -> Status[dict[str, Any]]:
    """Mark the readings of a span; with `dry_run` only tell which."""
    info = _series(scope(request), body.key)
    since, until = _moment(body.since, "from"), _moment(body.until, "to")
    if body.dry_run:
        with queries.read_snapshot():
            found = corrections.preview(info.pk, since, until)
        times = {"first": _ms(found.first), "last": _ms(found.last)}
        return Status(200, {"count": found.count, "min": found.low, "max": found.high, **times})
    try:
        made = corrections.correct(info.pk, since, until, body.kind, body.reason, request.user)
    except CannotCorrect as error:
        raise Problem(422, str(error), error.parameter) from error
    return Status(201, _out(made))


@router.delete("/{int:number}", response=CorrectionOut, by_alias=True)
def undo_correction(request: HttpRequest, number: int) -> dict[str, Any]:
    """Let the readings count again; possible for 7 days."""
    caller = scope(request)
    mark = _visible(caller).filter(pk=number).first()
    if mark is None:
        raise Http404(f"There is no correction {number}.")
    if not caller.may_change(mark.series.device):
        raise Problem(403, "Only operators of its site may correct this device.")
    try:
        corrections.undo(mark, request.user)
    except CannotCorrect as error:
        raise Problem(409, str(error)) from error
    return _out(_visible(caller).get(pk=number))


def _visible(caller: Scope) -> QuerySet[Correction]:
    found = Correction.objects.filter(series__device__in=caller.devices())
    return found.select_related("series__device", "made_by", "undone_by")


def _series(caller: Scope, key: str) -> SeriesInfo:
    found = queries.find_series(caller, [key]).get(key, [])
    if len(found) != 1 or key.endswith("/*"):
        raise Problem(422, f"key: {key!r} names no series (device key/metric)", "key")
    device = caller.devices().get(pk=found[0].device_id)
    if not caller.may_change(device):
        raise Problem(403, "Only operators of its site may correct this device.")
    return found[0]


def _moment(given: str | float, name: str) -> int:
    try:
        return parse_moment(str(given))
    except ValueError as error:
        raise Problem(422, f"{name}: {error}", name) from error


def _ms(ts: int | None) -> float | None:
    return None if ts is None else ts / 1_000


def _out(mark: Correction) -> dict[str, Any]:
    series = mark.series
    return {
        "id": mark.pk,
        "key": f"{series.device.key}/{series.metric}",
        "since": mark.since / 1_000,
        "until": mark.until / 1_000,
        "kind": mark.kind,
        "reason": mark.reason,
        "made_at": mark.made_at,
        "made_by": str(mark.made_by) if mark.made_by else None,
        "undone_at": mark.undone_at,
        "undone_by": str(mark.undone_by) if mark.undone_by else None,
    }
