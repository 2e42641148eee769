"""Links that show a board without a login: made, listed, revoked."""

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Field, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.boards import find
from dashboards.api.problems import Body, Problem, from_model
from dashboards.boards import rights
from dashboards.models import Board, BoardLink
from dashboards.sharing import links

router = Router(tags=["boards"])


class LinkIn(Body):
    """A link to be made; `days` absent: until it is revoked."""

    label: Annotated[str, Field(max_length=100)] = ""
    days: Annotated[int, Field(ge=1, le=links.MOST_DAYS)] | None = None
    reach_s: Annotated[int, Field(ge=60, le=links.LONGEST_REACH_S)] = 7 * 86_400
    password: Annotated[str, Field(max_length=128)] = ""
    origins: Annotated[list[str], Field(max_length=links.ORIGINS)] = []
    turns: Annotated[list[str], Field(max_length=links.TURNS)] = []
    seconds: Annotated[int, Field(ge=links.SHORTEST_TURN, le=links.LONGEST_TURN)] = 30
    choices: dict[str, str] = {}


class Link(Schema):
    """A link: `url` is what to give to people; who has made it is told it."""

    id: int
    url: str
    label: str
    by: str
    made_at: str
    expires_at: str | None
    has_password: bool
    reach_s: int
    origins: list[str]
    turns: list[str]
    opened: int


@router.get("/{slug}/links", response=list[Link])
def list_links(request: HttpRequest, slug: str) -> list[dict[str, Any]]:
    """List the links that show a board without a login."""
    found = links.of(_linked(request, slug))
    return [_link(request, one) for one in found]


@router.post("/{slug}/links", response={201: Link})
def make_link(request: HttpRequest, slug: str, body: LinkIn) -> Status[dict[str, Any]]:
    """Make a link: whoever has it sees what you see of the board, and nothing else."""
    board = _linked(request, slug)
    readable = rights.readable(request.user, scope(request))
    turns = list(readable.filter(slug__in=body.turns))
    missing = sorted(set(body.turns) - {one.slug for one in turns})
    if missing:
        raise Problem(422, f"There is no board {missing[0]!r}, or you may not see it.", "turns")
    turns.sort(key=lambda one: body.turns.index(one.slug))
    given = body.model_dump(exclude={"turns"})
    try:
        return Status(201, _link(request, links.make(board, request.user, turns=turns, **given)))
    except ValidationError as error:
        raise from_model(error) from error


@router.delete("/{slug}/links/{int:number}", response={204: None})
def revoke_link(request: HttpRequest, slug: str, number: int) -> Status[None]:
    """Revoke a link: it shows nothing any more."""
    if not links.of(_linked(request, slug)).filter(pk=number).delete()[0]:
        raise Http404(f"There is no link {number} to this board.")
    return Status(204, None)


def _linked(request: HttpRequest, slug: str) -> Board:
    board = find(request, slug)
    if not rights.may_link(board, request.user, scope(request)):
        raise Problem(403, "Only operators may show a board of theirs without a login.")
    return board


def _link(request: HttpRequest, link: BoardLink) -> dict[str, Any]:
    path = reverse("shared", args=[links.address_of(link)])
    names = ("label", "reach_s", "origins", "opened")
    url = request.build_absolute_uri(path) if link.made_by == request.user else ""
    return {
        **{name: getattr(link, name) for name in names},
        "id": link.pk,
        "url": url,
        "turns": [board.slug for board in links.turns_of(link)],
        "by": str(link.made_by),
        "made_at": link.made_at.isoformat(),
        "expires_at": link.expires_at.isoformat() if link.expires_at else None,
        "has_password": bool(link.password),
    }
