"""Pictures on boards and in notes, as they were cleaned."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from dashboards.models.boards import Board, whole_second
from dashboards.models.notes import Note


class WithoutData(models.Manager["Picture"]):
    """Pictures, whose bytes are read where they are asked for."""

    def get_queryset(self) -> models.QuerySet["Picture"]:
        """Return them."""
        return super().get_queryset().defer("data")


class Picture(models.Model):
    """A picture of a board or of a note; who sees that sees it."""

    board = models.ForeignKey(Board, null=True, on_delete=models.CASCADE, related_name="pictures")
    note = models.ForeignKey(Note, null=True, on_delete=models.CASCADE, related_name="pictures")
    data = models.BinaryField()
    media = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="pictures"
    )
    made_at = models.DateTimeField(default=whole_second)

    objects = WithoutData()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    models.Q(board__isnull=False, note=None)
                    | models.Q(board=None, note__isnull=False)
                ),
                name="picture_of_one_thing",
            )
        ]

    def get_absolute_url(self) -> str:
        """Return the path of its bytes."""
        return reverse("picture", args=[self.pk])

    def __str__(self) -> str:
        return f"{self.media} of {self.width} x {self.height}"
