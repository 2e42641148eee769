"""How a person wants things shown."""

from django.conf import settings
from django.db import models


class Preferences(models.Model):
    """What one person has chosen; who has chosen nothing has no row."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences"
    )
    # Unit -> the one that its values are shown in instead; see `devices.unit_conversion`.
    units = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"
