"""Sources and the templates of those that read by them."""

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema

from dashboards.api.auth import require
from dashboards.api.problems import Body, Problem, from_model
from devices.models import Source
from devices.source_port import TEMPLATES

router = Router(tags=["sources"])
templates_router = Router(tags=["sources"])

MAX_TEMPLATES = 500


class SourceOut(Schema):
    """A Source; `broker` is null where it is read at that of the settings."""

    name: str
    convention: str
    broker: str | None
    enabled: bool
    options: dict[str, Any]
    devices: int


class SourceChange(Body):
    """What may be changed; what is absent stays. Options are replaced as a whole."""

    enabled: bool | None = None
    options: dict[str, Any] | None = None


class TemplatesIn(Body):
    """All templates of a Source, in the order they are asked."""

    templates: Annotated[list[dict[str, Any]], Field(max_length=MAX_TEMPLATES)]


class TemplatesOut(TemplatesIn):
    """The templates of a Source."""

    source: str


@router.get("", response=list[SourceOut])
def list_sources(request: HttpRequest) -> list[dict[str, Any]]:
    """List what is read, and how."""
    require(request, "devices.view_source")
    return [_out(source) for source in _sources()]


@router.get("/{name}", response=SourceOut)
def read_source(request: HttpRequest, name: str) -> dict[str, Any]:
    """Read one Source with its options."""
    require(request, "devices.view_source")
    return _out(_find(name))


@router.patch("/{name}", response=SourceOut)
def change_source(request: HttpRequest, name: str, body: SourceChange) -> dict[str, Any]:
    """Switch a Source on or off, or give it other options; workers follow within seconds."""
    require(request, "devices.change_source")
    source = _find(name)
    if body.enabled is not None:
        source.enabled = body.enabled
    if body.options is not None:
        source.options = body.options
    _save(source)
    return _out(_find(name))


@templates_router.get("", response=list[TemplatesOut])
def list_templates(request: HttpRequest) -> list[dict[str, Any]]:
    """List the templates of each Source that reads by them."""
    require(request, "devices.view_source")
    return [_templates(source) for source in _sources().filter(convention=TEMPLATES)]


@templates_router.put("/{source}", response=TemplatesOut)
def set_templates(request: HttpRequest, source: str, body: TemplatesIn) -> dict[str, Any]:
    """Replace the templates of a Source."""
    require(request, "devices.change_source")
    found = _find(source)
    if found.convention != TEMPLATES:
        raise Problem(422, f"{source} reads by the convention {found.convention}.", "source")
    found.options = {**found.options, "templates": body.templates}
    _save(found)
    return _templates(found)


def _sources() -> QuerySet[Source]:
    counted = Source.objects.annotate(number=Count("identities", distinct=True))
    return counted.select_related("broker").order_by("name")


def _find(name: str) -> Source:
    source = _sources().filter(name=name).first()
    if source is None:
        raise Http404(f"There is no Source {name!r}.")
    return source


def _save(source: Source) -> None:
    try:
        source.full_clean(validate_unique=False)
    except ValidationError as error:
        raise from_model(error) from error
    source.save()


def _out(source: Source) -> dict[str, Any]:
    return {
        **{name: getattr(source, name) for name in ("name", "convention", "enabled", "options")},
        "broker": source.broker.name if source.broker else None,
        "devices": getattr(source, "number", 0),
    }


def _templates(source: Source) -> dict[str, Any]:
    return {"source": source.name, "templates": source.options.get("templates", [])}
