"""Notes are written, changed, taken away; whoever is named in one is told."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.logbook.places import Place, find, place_of
from dashboards.models import Mention, Note, NoteCounter, NoteEdit
from dashboards.models.notes import TEXT_LENGTH
from dashboards.pictures import storing
from devices.access import scope_of

# People that one note may name; edits of one that are kept, the oldest go.
MENTIONS, EDITS = 20, 50
# Notes of one person.
AN_HOUR = 1_000
# 9000-01-01, in ms: calendars of browsers go on, those of databases end.
LATEST_MS = 221_845_392_000_000
_NAMED = re.compile(r"(?<![\w@])@([\w.+-][\w.@+-]{0,149})")


def write(
    place: Place,
    user: Any,
    text: str,
    *,
    parent: Note | None = None,
    since: int | None = None,
    until: int | None = None,
    metric: str = "",
) -> Note:
    """Write a note.

    Args:
        place: what it belongs to.
        user: who writes.
        text: what they say.
        parent: what it answers.
        since: of the span of time it is about, in ms.
        until: the end of that span.
        metric: of the device that it is about.

    Raises:
        ValidationError: names the field that is wrong.
    """
    made = Note(**place.query, author=user, author_name=str(user), text=_checked(text))
    if parent is not None:
        made.parent = parent.parent or parent
        if place_of(parent).room != place.room:
            raise ValidationError({"parent": gettext("That note belongs to something else.")})
    made.since, made.until = _span(since, until)
    made.metric = metric[:200] if place.kind == "device" else ""
    _look_at_pace(user)
    with transaction.atomic():
        made.seq = _next()
        made.save()
        _mention(made)
    return made


def change(note: Note, user: Any, text: str) -> Note:
    """Change what a note says; what it said before is kept.

    Raises:
        ValidationError: it is empty, too long, or was taken away.
    """
    text = _checked(text)
    with transaction.atomic():
        number = _next()
        now = Note.objects.select_for_update().get(pk=note.pk)
        if now.deleted_by:
            raise ValidationError({"text": gettext("This note was taken away.")})
        if now.text == text:
            return now
        _keep(now, user)
        now.text, now.edited_at, now.seq = text, timezone.now(), number
        now.save(update_fields=["text", "edited_at", "seq"])
        _mention(now)
    return now


def add_picture(note: Note, user: Any, data: bytes) -> Note:
    """Put a picture beside what a note says; whoever reads it is told as of a change.

    Raises:
        BadPicture: says what is wrong with it.
    """
    # It may take a second to be cleaned: others write meanwhile.
    made = storing.keep(data, user, note=note)
    with transaction.atomic():
        number = _next()
        now = Note.objects.select_for_update().get(pk=note.pk)
        if now.deleted_by:
            made.delete()
            return now
        now.seq = number
        now.save(update_fields=["seq"])
    return now


def delete(note: Note, user: Any) -> Note:
    """Take a note away; that there was one is still to be seen, and by whom it was taken."""
    with transaction.atomic():
        number = _next()
        now = Note.objects.select_for_update().get(pk=note.pk)
        if now.deleted_by:
            return now
        _keep(now, user)
        now.text, now.deleted_by, now.seq = "", str(user), number
        now.save(update_fields=["text", "deleted_by", "seq"])
        now.mentions.all().delete()
        now.pictures.all().delete()
    return now


def read(user: Any, notes: Iterable[int]) -> int:
    """Note that `user` has read mentions in `notes` (pks); return how many those were."""
    found = Mention.objects.filter(user_id=user.pk, note_id__in=list(notes), read_at=None)
    if not found.exists():
        return 0
    with transaction.atomic():
        # Their other pages are told as they are of any change.
        _next()
        return found.update(read_at=timezone.now())


def _look_at_pace(user: Any) -> None:
    hour = timezone.now() - timedelta(hours=1)
    if Note.objects.filter(author=user, made_at__gt=hour).count() >= AN_HOUR:
        raise ValidationError({"text": gettext("You have written %d notes this hour.") % AN_HOUR})


def _next() -> int:
    """Return the next number; held until the end of the transaction."""
    counter, _made = NoteCounter.objects.select_for_update().get_or_create(pk=1)
    counter.last += 1
    counter.save(update_fields=["last"])
    return int(counter.last)


def _keep(note: Note, user: Any) -> None:
    NoteEdit.objects.create(note=note, text=note.text, by=str(user))
    old = note.edits.values_list("pk", flat=True)[EDITS:]
    NoteEdit.objects.filter(pk__in=list(old)).delete()


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValidationError({"text": gettext("Say something.")})
    if len(text) > TEXT_LENGTH:
        raise ValidationError({"text": gettext("At most %d characters.") % TEXT_LENGTH})
    return text


def _span(since: int | None, until: int | None) -> tuple[int | None, int | None]:
    if since is None:
        return None, None
    until = since if until is None else until
    if not 0 <= since <= until <= LATEST_MS:
        raise ValidationError({"from": gettext("A span begins before it ends, after 1970.")})
    return since, until


def named_in(text: str) -> list[str]:
    """Return the names that stand in a text as `@name`, without what ends a sentence."""
    found = (name.rstrip(".-+@") for name in _NAMED.findall(text))
    return list(dict.fromkeys(name for name in found if name))[:MENTIONS]


def _mention(note: Note) -> None:
    """Tell those who are named, and see what the note belongs to."""
    people = get_user_model()
    field = people.USERNAME_FIELD
    place = place_of(note)
    for user in people._default_manager.filter(**{f"{field}__in": named_in(note.text)}):  # noqa: SLF001
        if user.pk == note.author_id or not user.is_active:
            continue
        try:
            find(place.kind, place.name, user, scope_of(user))
        except LookupError:
            continue
        Mention.objects.get_or_create(note=note, user=user)
