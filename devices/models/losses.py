"""Named losses."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.registry import Device


class Loss(models.Model):
    """A named loss: what a limit or the broker made us lose. Times in µs since 1970 UTC."""

    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="losses"
    )
    reason = models.CharField(max_length=30)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    packets = models.BigIntegerField(null=True, help_text=_("Empty: it cannot be known."))
    detail = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "losses"
        indexes = [models.Index(fields=["device", "reason", "until"], name="loss_by_device")]

    def __str__(self) -> str:
        return f"{self.reason} of {'some' if self.packets is None else self.packets} packet(s)"
