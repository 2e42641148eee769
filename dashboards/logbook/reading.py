"""Notes as pages and programs read them: filtered, in pages, and what is new since a number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from dashboards.logbook import places
from dashboards.models import Mention, Note, NoteCounter
from devices.access import Scope
from devices.registry.listing import searched

# Of one place, in a room; of a person's mentions.
IN_ROOM, MENTIONS = 50, 20


@dataclass(frozen=True, slots=True)
class Filters:
    """Which notes are wanted; empty fields do not narrow. Times in ms."""

    search: str = ""
    author: str = ""
    since: int | None = None
    until: int | None = None

    def apply(self, notes: QuerySet[Note]) -> QuerySet[Note]:
        """Return `notes` narrowed."""
        for word in searched(self.search):
            notes = notes.filter(Q(text__icontains=word) | Q(author_name__icontains=word))
        if self.author:
            notes = notes.filter(author_name=self.author)
        if self.since is not None:
            notes = notes.filter(made_at__gte=_moment(self.since))
        if self.until is not None:
            notes = notes.filter(made_at__lt=_moment(self.until))
        return notes


def _moment(ms: int) -> Any:
    return datetime.fromtimestamp(ms / 1_000, tz=UTC)


def told(note: Note, user: Any, scope: Scope) -> dict[str, Any]:
    """Return a note as JSON has it, with what `user` may do with it."""
    place = places.place_of(note)
    return {
        "id": note.pk,
        "seq": note.seq,
        "at": round(note.made_at.timestamp() * 1_000),
        "author": note.author_name,
        "text": note.text,
        place.kind: place.name,
        "url": place.url,
        "from": note.since,
        "to": note.until,
        "metric": note.metric,
        "parent": note.parent_id,
        "pictures": [
            {"url": one.get_absolute_url(), "width": one.width, "height": one.height}
            for one in note.pictures.all()
        ],
        "edited": note.edited_at is not None,
        "deleted_by": note.deleted_by,
        "may_change": not note.deleted_by and places.may_change(note, user, scope),
        "may_delete": not note.deleted_by and places.may_delete(note, user, scope),
    }


def in_room(place: places.Place, after: int, user: Any, scope: Scope) -> list[dict[str, Any]]:
    """Return the notes of a place that are newer, or were changed, since number `after`.

    From the beginning: the newest `IN_ROOM`, oldest first.
    """
    notes = Note.objects.filter(**place.query).select_related("site", "device", "board")
    notes = notes.prefetch_related("pictures")
    if after:
        found: Iterable[Note] = notes.filter(seq__gt=after).order_by("seq")[: 4 * IN_ROOM]
    else:
        found = sorted(notes.order_by("-seq")[:IN_ROOM], key=lambda note: note.seq)
    return [told(note, user, scope) for note in found]


def mentions(user: Any, scope: Scope) -> list[dict[str, Any]]:
    """Return the notes that `user` is named in and has not read, newest first."""
    named = Mention.objects.filter(user_id=user.pk, read_at=None).values("note_id")
    notes = places.visible(user, scope).filter(pk__in=named)
    return [told(note, user, scope) for note in notes[:MENTIONS]]


def newest() -> int:
    """Return the number of the last change of any note."""
    return NoteCounter.objects.filter(pk=1).values_list("last", flat=True).first() or 0
