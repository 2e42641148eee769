"""How a person wants things shown."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preferences(models.Model):
    """What one person has chosen; who has chosen nothing has no row."""

    class Theme(models.TextChoices):
        """Colours."""

        SYSTEM = "", _("as the system")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")
        CONTRAST = "contrast", _("high contrast")

    class Density(models.TextChoices):
        """Room around things."""

        COMFORTABLE = "", _("comfortable")
        COMPACT = "compact", _("compact")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences"
    )
    # Unit -> the one that its values are shown in instead; see `devices.unit_conversion`.
    units = models.JSONField(default=dict, blank=True)
    theme = models.CharField(max_length=10, choices=Theme.choices, blank=True, default="")
    density = models.CharField(max_length=10, choices=Density.choices, blank=True, default="")

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


def preferences_of(user: Any) -> Preferences:
    """Return what `user` has chosen, read once for each instance; who is nobody has nothing."""
    try:
        return user.preferences if user is not None and user.is_authenticated else Preferences()
    except Preferences.DoesNotExist:
        return Preferences()
