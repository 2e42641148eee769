"""Series: how values are called, shown and bounded."""

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db.models import Value
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import FiniteFloat

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem, from_model
from devices import units
from devices.access import Scope
from devices.models import Device, Series
from devices.models.readings import MAX_POSITION
from devices.registry.listing import searched

router = Router(tags=["series"])

# What a series is found by; `/` between device and metric, as in its key.
NAMES = Concat(
    *("device__key", Value("/"), "metric", Value("\n"), "label", Value("\n"), "device__name")
)


class SeriesOut(Schema):
    """A series."""

    key: str
    device: str
    metric: str
    unit: str
    shown_unit: str
    kind: str
    label: str
    decimals: int | None
    minimum: float | None
    maximum: float | None
    hidden: bool
    position: int | None


class SeriesList(Schema):
    """A page of series; `after` asks for the next one, where there is more."""

    items: list[SeriesOut]
    after: int | None


class SeriesChange(Body):
    """What may be changed; what is absent stays, null empties."""

    unit: Annotated[str, Field(max_length=units.MAX_LENGTH)] | None = None
    shown_unit: Annotated[str, Field(max_length=units.MAX_LENGTH)] | None = None
    label: Annotated[str, Field(max_length=200)] | None = None
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    hidden: bool | None = None
    position: Annotated[int, Field(ge=0, le=MAX_POSITION)] | None = None


@router.get("", response=SeriesList)
def list_series(
    request: HttpRequest,
    device: Annotated[str, Query(max_length=128)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> dict[str, Any]:
    """List the series of devices you may see, or of one of them; `q`: with words in their names."""
    found = Series.objects.filter(device__in=scope(request).devices(), pk__gt=after)
    if device:
        found = found.filter(device__key=device)
    for word in searched(q):
        found = found.alias(told=NAMES).filter(told__icontains=word)
    rows = list(found.select_related("device").order_by("pk")[: limit + 1])
    shown = rows[:limit]
    more = shown[-1].pk if len(rows) > limit else None
    return {"items": [_out(row) for row in shown], "after": more}


@router.get("/{device}/{path:metric}", response=SeriesOut)
def read_series(request: HttpRequest, device: str, metric: str) -> dict[str, Any]:
    """Read one series."""
    return _out(_find(scope(request), device, metric))


@router.patch("/{device}/{path:metric}", response=SeriesOut)
def change_series(
    request: HttpRequest, device: str, metric: str, body: SeriesChange
) -> dict[str, Any]:
    """Change how a series is called, shown and bounded; its readings stay as they are."""
    caller = scope(request)
    series = _find(caller, device, metric)
    if not caller.may_change(series.device):
        raise Problem(403, "Only operators of its site may change this device.")
    given = body.model_dump(exclude_unset=True)
    for name, value in given.items():
        setattr(series, name, _empty(series, name) if value is None else value)
    if given.get("unit"):
        series.unit = units.normalised(series.unit)
    try:
        series.full_clean(exclude={"device"}, validate_unique=False)
    except ValidationError as error:
        raise from_model(error) from error
    series.save()
    return _out(series)


def _empty(series: Series, name: str) -> object:
    field = series._meta.get_field(name)  # noqa: SLF001 - Django documents it
    return None if field.null else getattr(Series(), name)


def _find(caller: Scope, device: str, metric: str) -> Series:
    found = Series.objects.filter(
        device__in=Device.objects.filter(pk__in=caller.devices().values("pk"), key=device),
        metric=metric,
    )
    series = found.select_related("device").first()
    if series is None:
        raise Http404(f"There is no series {device}/{metric}.")
    return series


def _out(series: Series) -> dict[str, Any]:
    names = ("metric", "unit", "shown_unit", "kind", "label", "decimals", "minimum", "maximum")
    told = {name: getattr(series, name) for name in (*names, "hidden", "position")}
    key = series.device.key
    return {"key": f"{key}/{series.metric}", "device": key, **told}
