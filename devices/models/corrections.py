"""Marks of people on readings that are bad, or that shall not be shown."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.readings import Series


class Correction(models.Model):
    """A span of a series whose readings do not count; times in µs since 1970 UTC.

    The readings stay stored, as keys: what is delivered again cannot bring them back.
    Undoing removes the mark's effect, and keeps it as a record.
    """

    class Kind(models.TextChoices):
        """Why the readings do not count."""

        BAD = "bad", _("bad: the sensor was wrong")
        DELETED = "deleted", _("deleted: no one should see them")

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="corrections")
    since = models.BigIntegerField()
    # The last moment that is marked.
    until = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BAD)
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-made_at"]
        indexes = [
            models.Index(
                fields=["series", "since", "until"],
                condition=models.Q(undone_at__isnull=True),
                name="correction_active",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(since__lte=models.F("until")), name="correction_forward"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"
