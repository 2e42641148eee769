"""What a note may belong to, by its kind and name; and who may write there."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from dashboards.boards import rights
from dashboards.models import Board, Note
from devices.access import Scope
from devices.models import Device, Site

Kind = Literal["site", "device", "board"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Place:
    """A site, a device or a board, as one person sees it."""

    kind: Kind
    row: Site | Device | Board

    @property
    def name(self) -> str:
        """Return what tells it from others of its kind: slug or key."""
        return self.row.key if isinstance(self.row, Device) else self.row.slug

    @property
    def room(self) -> str:
        """Return what people who look at it share."""
        return f"{self.kind}:{self.row.pk}"

    @property
    def url(self) -> str:
        """Return the address of its page."""
        names = {"site": "site-board", "device": "device", "board": "board"}
        return reverse(names[self.kind], args=[self.name])

    @property
    def query(self) -> dict[str, int]:
        """Return which notes are its own."""
        return {f"{self.kind}_id": self.row.pk}


def find(kind: str, name: str, user: Any, scope: Scope) -> Place:
    """Return a place that `user` sees.

    Raises:
        LookupError: there is none.
    """
    row: Any = None
    if kind == "site":
        row = Site.objects.filter(slug=name).first()
        row = row if row is not None and scope.may_see(row) else None
    elif kind == "device":
        row = scope.devices().filter(key=name).first()
    elif kind == "board":
        row = rights.readable(user, scope).filter(slug=name).first()
    if row is None:
        raise LookupError(gettext("There is no such place, or you may not see it."))
    return Place(kind, row)  # type: ignore[arg-type] # one of the three


def place_of(note: Note) -> Place:
    """Return what a note belongs to."""
    for kind in KINDS:
        row = getattr(note, kind)
        if row is not None:
            return Place(kind, row)
    raise AssertionError("the database lets no note be of nothing")


def visible(user: Any, scope: Scope) -> QuerySet[Note]:
    """Return the notes of all places that `user` sees."""
    notes = Note.objects.select_related("site", "device", "board", "author")
    notes = notes.prefetch_related("pictures")
    sites = Q(site__isnull=False)
    if not scope.everything:
        sites = Q(site__in=scope.sites)
    devices = Q(device__in=scope.devices())
    return notes.filter(sites | devices | Q(board__in=rights.readable(user, scope)))


def may_write(place: Place, user: Any, scope: Scope) -> bool:
    """Return whether `user` may say something there: operators do."""
    if isinstance(place.row, Device):
        return scope.may_change(place.row)
    if isinstance(place.row, Site):
        return scope.changes or place.row.pk in scope.operated
    return rights.may_edit(place.row, user, scope) or bool(scope.operated) or scope.changes


def may_change(note: Note, user: Any, scope: Scope) -> bool:
    """Return whether `user` may change a note: its author does, as long as they may write."""
    return note.author_id == user.pk and may_write(place_of(note), user, scope)


def may_delete(note: Note, user: Any, scope: Scope) -> bool:
    """Return whether `user` may take a note away: its author, and who manages its place."""
    place = place_of(note)
    if may_change(note, user, scope) or scope.changes:
        return True
    if isinstance(place.row, Device):
        return scope.may_manage(place.row)
    if isinstance(place.row, Site):
        return place.row.pk in scope.managed
    return rights.may_manage(place.row, user, scope)
