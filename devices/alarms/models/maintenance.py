"""Times in which nothing is raised: somebody works on it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device, Site


class Maintenance(models.Model):
    """A span (µs) in which no alarm is raised at a site and those below it, or of a device."""

    site = models.ForeignKey(
        Site, verbose_name=_("site"), null=True, blank=True, on_delete=models.CASCADE
    )
    device = models.ForeignKey(
        Device, verbose_name=_("device"), null=True, blank=True, on_delete=models.CASCADE
    )
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    reason = models.CharField(_("reason"), max_length=500)
    made_by = models.CharField(max_length=150, blank=True, default="")
    made_at = models.DateTimeField(auto_now_add=True)
    # Of rules and of these: raised by each change.
    number = models.BigIntegerField(default=0, db_index=True)

    class Meta:
        verbose_name = _("maintenance")
        verbose_name_plural = _("maintenance")
        ordering: ClassVar = ["-since"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(site__isnull=False, device=None)
                | models.Q(site=None, device__isnull=False),
                name="maintenance_of_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(since__lt=models.F("until")), name="maintenance_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} until {self.until}"
