"""Who looks at a board by a link, and what they may see: asked anew for whatever they ask for."""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Lock
from typing import Any

from django.core.signing import BadSignature, Signer

from dashboards.boards import made, rights, store
from dashboards.boards.made import Page
from dashboards.models import Board, BoardLink
from dashboards.sharing import links
from devices.access import Scope, scope_of
from devices.monitoring import heartbeats

PREFIX = "link."
_GRANT = Signer(salt="dashboards.sharing.grant", sep=".")
# What a board shows is worked out anew after so long (s): its devices may have come and gone.
KEPT_SECONDS, KEPT = 10.0, 500


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who looks at a board by a link.

    Args:
        link: it.
        number: which of its boards in turn.
        board: the board.
        scope: what the link's maker may see, narrowed to what the board shows.
    """

    link: BoardLink
    number: int
    board: Board
    scope: Scope


def grant_of(link: BoardLink, number: int) -> str:
    """Return what a page shows that `link` opened, to be answered; it lasts as the link does."""
    return PREFIX + _GRANT.sign(f"{link.pk}.{number}.{_seal(link)}")


def _seal(link: BoardLink) -> str:
    """Return what changes with the link's password."""
    return sha256(f"{link.name} {link.password}".encode()).hexdigest()[:16]


def is_grant(token: str) -> bool:
    """Return whether `token` looks like a grant; whether it is one, `visitor` tells."""
    return token.startswith(PREFIX)


def visitor(grant: str) -> Visitor | None:
    """Return who shows `grant`; None: it is none, or is good for nothing any more."""
    try:
        pk, number, seal = _GRANT.unsign(grant.removeprefix(PREFIX)).split(".")
    except (BadSignature, ValueError):
        return None
    found = links.good(BoardLink.objects.filter(pk=int(pk)))
    if found is None or _seal(found) != seal:
        return None
    board = board_of(found, int(number))
    if board is None:
        return None
    return Visitor(found, int(number), board, scope_of_link(found, board))


def board_of(link: BoardLink, number: int) -> Board | None:
    """Return the board that `link` shows at turn `number`; None where its maker sees it no more."""
    boards = [link.board_id, *link.turns]
    pk = boards[number % len(boards)]
    return rights.readable(link.made_by, link.maker).filter(pk=pk).first()


def page_of(link: BoardLink, board: Board, scope: Scope) -> Page:
    """Return what `link` shows of `board`."""
    stored = store.published(board) or {"version": 1}
    return made.page(stored, link.choices, scope, heartbeats.as_of(), board.pk)


def scope_of_link(link: BoardLink, board: Board) -> Scope:
    """Return what `link` gives of `board`: reading alone, of what the board shows alone."""
    seen = reading(link, board)
    return replace(seen, keys=_keys(link, board, seen))


def reading(link: BoardLink, board: Board) -> Scope:
    """Return what `board` is made by: what the link's maker sees, and who published it sees, too.

    Whoever changes a board would else choose what is shown of what its link's maker sees.
    """
    seen = link.maker.both(scope_of(store.publisher_of(board)))
    return replace(seen, reach_s=link.reach_s)


def _keys(link: BoardLink, board: Board, maker: Scope) -> frozenset[str]:
    """Return the series that `board` shows by `link`, worked out at most every few seconds."""
    which = (link.pk, board.pk, board.revision)
    now = time.monotonic()
    with _lock:
        until, keys = _kept.get(which, (0.0, frozenset()))
    if now < until:
        return keys
    placed = page_of(link, board, maker).placed
    keys = frozenset(key for one in placed for key in one.shown_keys)
    with _lock:
        _kept[which] = (now + KEPT_SECONDS, keys)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return keys


_lock = Lock()
_kept: OrderedDict[Any, tuple[float, frozenset[str]]] = OrderedDict()
