"""The logbook: what people say about sites, devices, boards and spans of time."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from dashboards.models.boards import Board, whole_second
from devices.models import Device, Site

TEXT_LENGTH = 10_000


class NoteCounter(models.Model):
    """One row. Its lock is held while a note is written: numbers are in the order of commits."""

    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"up to {self.last}"


class Note(models.Model):
    """An entry. It belongs to a site, a device or a board, and maybe to a span of time there."""

    # Rises with each change of any note: who knows all up to one asks for those after it.
    seq = models.BigIntegerField(unique=True)
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="notes")
    device = models.ForeignKey(Device, null=True, on_delete=models.CASCADE, related_name="notes")
    board = models.ForeignKey(Board, null=True, on_delete=models.CASCADE, related_name="notes")
    # In ms; of a device's metric, where it names one.
    since = models.BigIntegerField(null=True)
    until = models.BigIntegerField(null=True)
    metric = models.CharField(max_length=200, blank=True, default="")
    # What it answers: a note that answers none itself.
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="replies")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="notes"
    )
    author_name = models.CharField(max_length=150)
    text = models.TextField(max_length=TEXT_LENGTH)
    made_at = models.DateTimeField(default=whole_second)
    edited_at = models.DateTimeField(null=True)
    # Who took it away; its text is in its edits.
    deleted_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["made_at"], name="notes_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    models.Q(site__isnull=False, device=None, board=None)
                    | models.Q(site=None, device__isnull=False, board=None)
                    | models.Q(site=None, device=None, board__isnull=False)
                ),
                name="note_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:40]}"


class NoteEdit(models.Model):
    """What a note said before somebody changed it, or took it away."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="edits")
    text = models.TextField()
    until = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=150)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.note_id} until {self.until}"


class Mention(models.Model):
    """Somebody who is named in a note; told until they have read it."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions"
    )
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["note", "user"], name="one_mention_a_note")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.note_id}"
