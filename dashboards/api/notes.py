"""The logbook: notes on sites, devices, boards and spans of time."""

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem, from_model
from dashboards.logbook import places, reading, writing
from dashboards.models import Note
from dashboards.models.notes import TEXT_LENGTH
from dashboards.pictures import storing
from dashboards.pictures.errors import BadPicture
from devices.access import Scope

router = Router(tags=["logbook"])

Text = Annotated[str, Field(max_length=TEXT_LENGTH)]
Ms = Annotated[int, Field(ge=0, le=writing.LATEST_MS)]


class NoteIn(Body):
    """A note; it names one of `site`, `device` and `board`, or what it answers (`parent`)."""

    text: Text
    site: str = ""
    device: str = ""
    board: str = ""
    parent: int | None = None
    since: Annotated[Ms | None, Field(alias="from")] = None
    until: Annotated[Ms | None, Field(alias="to")] = None
    metric: Annotated[str, Field(max_length=200)] = ""


class NoteChange(Body):
    """What a note is to say."""

    text: Text


class Read(Body):
    """Notes that were read, by their ids."""

    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**62)]], Field(max_length=1_000)]


class Wanted(Schema):
    """Which notes: of one place, with words, by somebody, of a span of time (ms)."""

    site: Annotated[str, Field(max_length=200)] = ""
    device: Annotated[str, Field(max_length=200)] = ""
    board: Annotated[str, Field(max_length=200)] = ""
    q: Annotated[str, Field(max_length=100)] = ""
    author: Annotated[str, Field(max_length=150)] = ""
    since: Annotated[Ms | None, Field(alias="from")] = None
    until: Annotated[Ms | None, Field(alias="to")] = None


@router.get("", response=dict[str, Any])
def list_notes(
    request: HttpRequest,
    wanted: Query[Wanted],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> dict[str, Any]:
    """List notes you may read, newest first; `after` is the id of the last one you have."""
    caller = scope(request)
    notes = places.visible(request.user, caller)
    for kind in places.KINDS:
        if name := getattr(wanted, kind):
            notes = notes.filter(**_place(request, kind, name, caller).query)
    narrow = reading.Filters(wanted.q, wanted.author, wanted.since, wanted.until)
    notes = narrow.apply(notes).order_by("-pk")
    if after:
        notes = notes.filter(pk__lt=after)
    rows = list(notes[: limit + 1])
    shown = rows[:limit]
    items = [reading.told(note, request.user, caller) for note in shown]
    return {"items": items, "after": shown[-1].pk if len(rows) > limit else None}


@router.post("", response={201: dict[str, Any]})
def write_note(request: HttpRequest, body: NoteIn) -> Status[dict[str, Any]]:
    """Write a note, or answer one."""
    caller = scope(request)
    parent = None if body.parent is None else _find(request, body.parent, caller)
    place = places.place_of(parent) if parent else _named(request, body, caller)
    if not places.may_write(place, request.user, caller):
        raise Problem(403, "Only operators may write here.")
    try:
        made = writing.write(
            *(place, request.user, body.text),
            parent=parent,
            since=body.since,
            until=body.until,
            metric=body.metric,
        )
    except ValidationError as error:
        raise from_model(error) from error
    return Status(201, reading.told(made, request.user, caller))


@router.patch("/{int:number}", response=dict[str, Any])
def change_note(request: HttpRequest, number: int, body: NoteChange) -> dict[str, Any]:
    """Change what your own note says; what it said before is kept."""
    caller = scope(request)
    note = _find(request, number, caller)
    if not places.may_change(note, request.user, caller):
        raise Problem(403, "Only who wrote a note may change it.")
    try:
        changed = writing.change(note, request.user, body.text)
    except ValidationError as error:
        raise from_model(error) from error
    return reading.told(changed, request.user, caller)


@router.delete("/{int:number}", response={204: None})
def delete_note(request: HttpRequest, number: int) -> Status[None]:
    """Take a note away: its author may, and who manages its place."""
    caller = scope(request)
    note = _find(request, number, caller)
    if not places.may_delete(note, request.user, caller):
        raise Problem(403, "Only who wrote a note, and managers, may take it away.")
    writing.delete(note, request.user)
    return Status(204, None)


@router.post("/{int:number}/pictures", response={201: dict[str, Any]})
def add_picture(request: HttpRequest, number: int) -> Status[dict[str, Any]]:
    """Send a picture (5 MB at most) as the body, for a note of yours."""
    caller = scope(request)
    note = _find(request, number, caller)
    if note.deleted_by or not places.may_change(note, request.user, caller):
        raise Problem(403, "Only who wrote a note may add pictures to it.")
    try:
        changed = writing.add_picture(note, request.user, storing.read(request))
    except BadPicture as error:
        raise Problem(422, str(error), "picture") from error
    return Status(201, reading.told(changed, request.user, caller))


@router.get("/{int:number}/edits", response=list[dict[str, Any]])
def list_edits(request: HttpRequest, number: int) -> list[dict[str, Any]]:
    """List what a note said before, newest first."""
    note = _find(request, number, scope(request))
    return [
        {"text": one.text, "until": one.until.isoformat(), "by": one.by} for one in note.edits.all()
    ]


@router.post("/read", response=dict[str, int])
def read_mentions(request: HttpRequest, body: Read) -> dict[str, int]:
    """Say which notes that name you were read: they are not told any more, on any page."""
    return {"read": writing.read(request.user, body.ids)}


def _find(request: HttpRequest, number: int, caller: Scope) -> Note:
    note = places.visible(request.user, caller).filter(pk=number).first()
    if note is None:
        raise Http404(f"There is no note {number}, or you may not see it.")
    return note


def _named(request: HttpRequest, body: NoteIn, caller: Scope) -> places.Place:
    named = [(kind, getattr(body, kind)) for kind in places.KINDS if getattr(body, kind)]
    if len(named) != 1:
        raise Problem(422, "Name one site, device or board.", "device")
    return _place(request, *named[0], caller)


def _place(request: HttpRequest, kind: str, name: str, caller: Scope) -> places.Place:
    try:
        return places.find(kind, name, request.user, caller)
    except LookupError as error:
        raise Problem(422, str(error), kind) from error
