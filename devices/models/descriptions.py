"""What devices and their gateways say about a device, as it was said last."""

from django.db import models

from devices.models.registry import Device


class DeviceDescription(models.Model):
    """The last description of one device, whatever people set instead.

    `said` has name, model, manufacturer, firmware, place; `series` has, by metric, what is said
    of each series, also of those that have no reading yet. `changes` are the last ones, newest
    first, each `{"at": ms, "field": …, "old": …, "new": …}`.
    """

    device = models.OneToOneField(
        Device, primary_key=True, on_delete=models.CASCADE, related_name="description"
    )
    said = models.JSONField(default=dict)
    series = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    said_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "device descriptions"

    def __str__(self) -> str:
        return f"description of {self.device_id}"
