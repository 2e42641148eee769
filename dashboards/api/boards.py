"""Boards that people make: their specifications, drafts and revisions."""

from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem, from_model
from dashboards.boards import rights, store
from dashboards.boards.specification import WrongSpecification
from dashboards.models import Board
from dashboards.pictures import storing
from dashboards.pictures.errors import BadPicture
from devices.access import Scope
from devices.models import Site

router = Router(tags=["boards"])

Title = Annotated[str, Field(min_length=1, max_length=200)]
Shared = Literal["private", "site", "everybody"]
DeviceType = Annotated[str, Field(max_length=100)]


class BoardOut(Schema):
    """A board; `specification` is what was published last, null where nothing was."""

    slug: str
    title: str
    owner: str | None
    site: str | None
    shared: str
    device_type: str
    revision: int
    draft_number: int


class BoardWhole(BoardOut):
    """A board with what is on it."""

    specification: dict[str, Any] | None


class BoardList(Schema):
    """A page of boards; `after` asks for the next one, where there is more."""

    items: list[BoardOut]
    after: str | None


class BoardIn(Body):
    """A board to be made; its specification becomes its draft."""

    title: Title
    slug: Annotated[str, Field(max_length=80)] = ""
    specification: dict[str, Any] = {}


class BoardChange(Body):
    """What may be changed; what is absent stays."""

    title: Title | None = None
    site: str | None = None
    shared: Shared | None = None
    device_type: DeviceType | None = None


class Draft(Schema):
    """What editors work on: who changed it last, and what it is."""

    number: int
    by: str
    specification: dict[str, Any]


class DraftIn(Body):
    """What somebody made of the draft `base`; `prefer`: who wins where both changed the same."""

    base: dict[str, Any]
    specification: dict[str, Any]
    prefer: Literal["", "mine"] = ""


class Revision(Schema):
    """What was published, and by whom."""

    number: int
    by: str
    at: str


class RestoreIn(Body):
    """Which revision is to be the draft again."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Publish(Body):
    """Which draft is meant; absent: whichever it is."""

    number: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


@router.get("", response=BoardList)
def list_boards(
    request: HttpRequest,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str, Query(max_length=80)] = "",
) -> dict[str, Any]:
    """List the boards you may see, by their address."""
    found = rights.readable(request.user, scope(request)).filter(slug__gt=after).order_by("slug")
    rows = list(found[: limit + 1])
    shown = rows[:limit]
    return {"items": map(_out, shown), "after": shown[-1].slug if len(rows) > limit else None}


@router.post("", response={201: BoardWhole})
def make_board(request: HttpRequest, body: BoardIn) -> Status[dict[str, Any]]:
    """Make a board of your own. Nobody else sees it until you say so."""
    if not rights.may_make(request.user, scope(request)):
        raise Problem(403, "Who sees no device has no boards.")
    try:
        board = store.make(request.user, body.title, body.specification, body.slug)
    except WrongSpecification as error:
        raise _wrong(error) from error
    except ValidationError as error:
        raise from_model(error) from error
    return Status(201, _whole(board))


@router.get("/{slug}", response=BoardWhole)
def read_board(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Read a board as it was published."""
    return _whole(find(request, slug))


@router.patch("/{slug}", response=BoardWhole)
def change_board(request: HttpRequest, slug: str, body: BoardChange) -> dict[str, Any]:
    """Change how a board is called, where it is listed, and who sees it."""
    caller, board = scope(request), _managed(request, slug)
    given = body.model_dump(exclude_unset=True)
    if "site" in given:
        given["site"] = _site(given["site"], caller)
    for name, value in given.items():
        if value is not None or name == "site":
            setattr(board, name, value)
    if {"site", "shared"} & set(given):
        _check_sharing(board, request, caller)
    try:
        board.full_clean(exclude={"draft", "owner"})
    except ValidationError as error:
        raise from_model(error) from error
    board.save(update_fields=["title", "site", "shared", "device_type"])
    return _whole(board)


@router.delete("/{slug}", response={204: None})
def delete_board(request: HttpRequest, slug: str) -> Status[None]:
    """Delete a board with all of its revisions."""
    _managed(request, slug).delete()
    return Status(204, None)


@router.get("/{slug}/draft", response=Draft)
def read_draft(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Read what editors work on."""
    return _draft(_edited(request, slug))


@router.put("/{slug}/draft", response={200: Draft, 409: dict[str, Any]})
def save_draft(request: HttpRequest, slug: str, body: DraftIn) -> Any:
    """Keep a draft, with what others changed since `base`; 409: both changed the same."""
    board = _edited(request, slug)
    try:
        found = store.save_draft(
            board,
            request.user,
            body.base,
            body.specification,
            prefer_mine=body.prefer == "mine",
        )
    except WrongSpecification as error:
        raise _wrong(error) from error
    except store.Changed as error:
        by = error.board.draft_by
        detail = f"{by} changed the same at the same time: {', '.join(error.names)}."
        told = {"status": 409, "title": "Conflict", "detail": detail, "names": error.names}
        return Status(409, {**told, "draft": _draft(error.board)})
    return Status(200, _draft(found))


@router.post("/{slug}/publish", response=BoardWhole)
def publish_board(request: HttpRequest, slug: str, body: Publish | None = None) -> dict[str, Any]:
    """Show the draft to everybody who may see the board; 409 where it is not the one you saw."""
    number = None if body is None else body.number
    try:
        return _whole(store.publish(_edited(request, slug), request.user, number))
    except store.Changed as error:
        words = f"{error.board.draft_by} has changed the draft since you saw it."
        raise Problem(409, words, "number") from error


@router.get("/{slug}/revisions", response=list[Revision])
def list_revisions(request: HttpRequest, slug: str) -> list[dict[str, Any]]:
    """List what was published, newest first; the last hundred are kept."""
    board = _edited(request, slug)
    return [
        {"number": one.number, "by": one.made_by, "at": one.made_at.isoformat()}
        for one in board.revisions.all()
    ]


@router.get("/{slug}/revision", response=dict[str, int])
def read_revision(request: HttpRequest, slug: str) -> dict[str, int]:
    """Read which revision is shown: pages ask whether there is a newer one."""
    return {"revision": find(request, slug).revision}


@router.post("/{slug}/restore", response=Draft)
def restore_revision(request: HttpRequest, slug: str, body: RestoreIn) -> dict[str, Any]:
    """Make a revision the draft again; it is shown to others when it is published."""
    board = _edited(request, slug)
    try:
        return _draft(store.restore(board, request.user, body.revision))
    except LookupError as error:
        raise Problem(422, str(error), "revision") from error


@router.post("/{slug}/pictures", response={201: dict[str, Any]})
def keep_picture(request: HttpRequest, slug: str) -> Status[dict[str, Any]]:
    """Send a picture (PNG, JPEG, WebP, GIF or SVG, 5 MB at most) as the body, for its widgets."""
    board = _edited(request, slug)
    try:
        found = storing.keep(storing.read(request), request.user, board=board)
    except BadPicture as error:
        raise Problem(422, str(error), "picture") from error
    return Status(201, {"id": found.pk, "width": found.width, "height": found.height})


def find(request: HttpRequest, slug: str) -> Board:
    """Return the board at an address, where the caller may see it.

    Raises:
        Http404: there is none.
    """
    board = rights.readable(request.user, scope(request)).filter(slug=slug).first()
    if board is None:
        raise Http404(f"There is no board {slug!r}, or you may not see it.")
    return board


def _edited(request: HttpRequest, slug: str) -> Board:
    board = find(request, slug)
    if not rights.may_edit(board, request.user, scope(request)):
        raise Problem(403, "Only its owner, and operators of its site, may change this board.")
    return board


def _managed(request: HttpRequest, slug: str) -> Board:
    board = find(request, slug)
    if not rights.may_manage(board, request.user, scope(request)):
        raise Problem(403, "Only its owner, and managers of its site, may do that.")
    return board


def _site(slug: str | None, caller: Scope) -> Site | None:
    if not slug:
        return None
    site = rights.sites_shared(caller).filter(slug=slug).first()
    if site is None:
        raise Problem(422, f"There is no site {slug!r} that you are an operator of.", "site")
    return site


def _check_sharing(board: Board, request: HttpRequest, caller: Scope) -> None:
    field, words = rights.refusal(board.shared, board.site, request.user, caller)
    if field:
        raise Problem(422, words, field)


def _wrong(error: WrongSpecification) -> Problem:
    where, words = error.problems[0]
    name = f"specification.{where}" if where else "specification"
    return Problem(422, f"{name}: {words}", name)


def _out(board: Board) -> dict[str, Any]:
    names = ("slug", "title", "shared", "device_type", "revision", "draft_number")
    return {
        **{name: getattr(board, name) for name in names},
        "owner": str(board.owner) if board.owner else None,
        "site": board.site.slug if board.site else None,
    }


def _whole(board: Board) -> dict[str, Any]:
    return {**_out(board), "specification": store.published(board)}


def _draft(board: Board) -> dict[str, Any]:
    return {
        "number": board.draft_number,
        "by": board.draft_by,
        "specification": board.draft,
    }
