"""Boards to begin from: what makes itself, or what somebody else made."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils.translation import gettext

from dashboards.boards import automatic, rights, store
from dashboards.boards.made import placed_automatically
from dashboards.models import Board, Picture
from dashboards.pictures import storing
from dashboards.pictures.errors import BadPicture
from devices.access import Scope
from devices.models import Device, Site
from devices.monitoring import heartbeats
from devices.registry import listing


def of(source: str, user: Any, scope: Scope) -> tuple[dict[str, Any], str]:
    """Return the specification of another board, and what a copy is called.

    Args:
        source: `site:{slug}`, `type:{device type}`, `without-site`, `device:{key}` or
            `board:{slug}`.
        user: who copies it.
        scope: of that person.

    Raises:
        LookupError: there is no such board, or they may not see it.
    """
    kind, _, name = source.partition(":")
    if kind == "board":
        return _of_board(name, user, scope)
    devices, title = _devices(kind, name, scope)
    if not listing.accepted(devices).exists():
        raise LookupError(gettext("There is no such board, or you may not see it."))
    board = automatic.automatic(devices, heartbeats.as_of())
    return placed_automatically(board.widgets), title


# Of the pictures of one copy: it is made in one transaction, for which others who write wait.
COPIED_BYTES = 20_000_000


def take_pictures(board: Board, slug: str) -> None:
    """Give a board that was copied pictures of its own, of those that its draft shows.

    Args:
        board: the copy.
        slug: of the board that it is of. What a specification names besides, it does not have.

    Raises:
        BadPicture: they are too large, or its owner keeps too many already.
    """
    wanted = store.pictures_of(board.draft)
    found = Picture.objects.filter(pk__in=wanted, board__slug=slug).exclude(board=board)
    made: dict[int, int] = {}
    # Copies that are made at the same time look one after the other.
    people = get_user_model()._default_manager  # noqa: SLF001 - as Django documents it
    list(people.select_for_update().filter(pk=board.owner_id or 0).values_list("pk"))
    size = found.aggregate(size=Sum(Length("data")))["size"] or 0
    if size > COPIED_BYTES:
        words = gettext("Its pictures have more than %d MB: add them to the copy by hand.")
        raise BadPicture(words % (COPIED_BYTES // 1_000_000))
    storing.look_at_room(board.owner, size)
    for one in found.defer(None)[: storing.OF_BOARD]:
        before, one.pk, one.board, one.made_by = one.pk, None, board, board.owner
        one._state.adding = True  # noqa: SLF001 - as Django documents copying
        one.save()
        made[before] = one.pk
    for options in store.with_pictures(board.draft):
        options["picture"] = made.get(options["picture"], options["picture"])
    if made:
        board.save(update_fields=["draft"])


def _of_board(slug: str, user: Any, scope: Scope) -> tuple[dict[str, Any], str]:
    board = rights.readable(user, scope).filter(slug=slug).first()
    stored = store.published(board) if board else None
    if board is not None and stored is None and rights.may_edit(board, user, scope):
        stored = board.draft
    if board is None or stored is None:
        raise LookupError(gettext("There is no such board, or you may not see it."))
    return stored, gettext("%s (copy)") % board.title[:180]


def _devices(kind: str, name: str, scope: Scope) -> tuple[Any, str]:
    devices = scope.devices()
    if kind == "site":
        site = Site.objects.filter(slug=name).first()
        if site is None or not scope.may_see(site):
            return Device.objects.none(), ""
        return listing.at_site(devices, name), site.name
    if kind == "type":
        return devices.filter(device_type=name).exclude(device_type=""), name
    if kind == "device":
        found = devices.filter(key=name)
        return found, str(found.first() or "")
    unsited = listing.at_site(devices, "") if kind == "without-site" else Device.objects.none()
    return unsited, gettext("Without a site")
