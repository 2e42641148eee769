"""Links to boards: made, found again by their address, opened, revoked."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.boards import rights
from dashboards.boards.variables import PREFIX
from dashboards.models import Board, BoardLink
from devices.addresses import origin_of

# Of one board; boards in turn; origins; days that a link may last.
LINKS, TURNS, ORIGINS, MOST_DAYS = 50, 20, 10, 3_650
SHORTEST_TURN, LONGEST_TURN = 5, 3_600
LONGEST_REACH_S = 10 * 366 * 86_400
_ADDRESS = Signer(salt="dashboards.sharing.link", sep=".")


def address_of(link: BoardLink) -> str:
    """Return what stands for `link` in its address."""
    return _ADDRESS.sign(link.name)


def find(address: str) -> BoardLink | None:
    """Return the link at an address; None: there is none (any more), or its time has ended."""
    try:
        name = _ADDRESS.unsign(address)
    except BadSignature:
        return None
    return good(BoardLink.objects.filter(name=name))


def good(found: QuerySet[BoardLink]) -> BoardLink | None:
    """Return the first of `found` that is good for something now.

    None where its time has ended, links are switched off, or who made it may make none any more.
    """
    link = found.select_related("board", "made_by").first()
    if link is None or link.is_over() or not link.made_by.is_active:
        return None
    return link if rights.may_link(link.board, link.made_by, link.maker) else None


def of(board: Board) -> QuerySet[BoardLink]:
    """Return the links to `board`, the newest first."""
    return BoardLink.objects.filter(board=board).select_related("made_by")


def make(
    board: Board,
    user: Any,
    *,
    days: int | None = None,
    password: str = "",
    origins: Sequence[str] = (),
    turns: Sequence[Board] = (),
    choices: Mapping[str, str] | None = None,
    **more: Any,
) -> BoardLink:
    """Make a link to `board`; it gives what `user` sees of it.

    Args:
        board: it.
        user: who makes it.
        days: after which it ends; None: never.
        password: that it asks for; empty: for none.
        origins: whose pages may have it in a frame.
        turns: boards that it shows in turn with `board`.
        choices: of the board's variables, by `var-{name}`.
        more: `label`, `reach_s`, `seconds`.

    Raises:
        ValidationError: names the field that is wrong.
    """
    if of(board).count() >= LINKS:
        raise ValidationError(gettext("This board has %d links: revoke some first.") % LINKS)
    if password and origins:
        words = gettext("A page in another one's frame cannot ask for a password.")
        raise ValidationError({"password": words})
    kept = {name: value[:128] for name, value in (choices or {}).items() if name.startswith(PREFIX)}
    link = BoardLink(
        board=board,
        made_by=user,
        expires_at=_end(days),
        password=make_password(password) if password else "",
        origins=[_origin(one) for one in origins[:ORIGINS]],
        turns=[one.pk for one in turns[:TURNS]],
        choices=dict(list(kept.items())[:8]),
        **more,
    )
    link.full_clean(exclude={"choices", "origins", "turns", "expires_at", "opened_at"})
    link.save()
    return link


def turns_of(link: BoardLink) -> list[Board]:
    """Return the boards that `link` shows in turn with its own, those that there still are."""
    found = Board.objects.in_bulk(link.turns)
    return [found[pk] for pk in link.turns if pk in found]


def _end(days: int | None) -> datetime | None:
    if days is None:
        return None
    return (timezone.now() + timedelta(days=days)).replace(microsecond=0)


def _origin(text: str) -> str:
    try:
        return origin_of(text)
    except ValueError as error:
        words = gettext("“%s” is no origin; an example: https://intranet.example") % text[:100]
        raise ValidationError({"origins": words}) from error


def opens(link: BoardLink, password: str) -> bool:
    """Return whether `password` is the link's."""
    return check_password(password, link.password)


def count(link: BoardLink) -> None:
    """Note that `link` was opened."""
    BoardLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, opened_at=timezone.now())
