"""For how long readings and their sums are kept."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.readings import Series
from devices.models.registry import Site

# Longer than any calendar.
MOST_DAYS = 1_000_000
FIELDS = ("raw_days", "minutes_days", "quarters_days", "hours_days", "least_days")


def _days(name: Any, words: Any) -> "models.PositiveIntegerField[int | None, int | None]":
    return models.PositiveIntegerField(
        name, validators=[MaxValueValidator(MOST_DAYS)], null=True, blank=True, help_text=words
    )


class RetentionPolicy(models.Model):
    """What to keep of a series, a device type, a site and those below it, or of all else.

    The narrowest policy that says something wins, field by field. 0 days: for ever.
    """

    site = models.OneToOneField(
        Site, verbose_name=_("site"), null=True, blank=True, on_delete=models.CASCADE
    )
    device_type = models.CharField(_("type"), max_length=100, blank=True, default="")
    series = models.OneToOneField(
        Series, verbose_name=_("series"), null=True, blank=True, on_delete=models.CASCADE
    )
    raw_days = _days(
        _("readings (days)"),
        _("Readings as received. 0: for ever; empty: as the wider policy says."),
    )
    minutes_days = _days(
        _("sums of minutes (days)"),
        _("Sums of minutes, kept of series with 20 readings a minute or more."),
    )
    quarters_days = _days(_("sums of 15 minutes (days)"), _("Sums of 15 minutes."))
    hours_days = _days(_("sums of hours (days)"), _("Sums of hours."))
    least_days = _days(
        _("at least (days)"), _("Days of readings that stay even while the disk is filling up.")
    )

    class Meta:
        verbose_name = _("retention policy")
        verbose_name_plural = _("retention policies")
        constraints = [
            models.UniqueConstraint(
                fields=["device_type"],
                condition=models.Q(site=None, series=None),
                name="retention_per_type",
            ),
            models.CheckConstraint(
                condition=models.Q(site=None, series=None)
                | models.Q(site=None, device_type="")
                | models.Q(series=None, device_type=""),
                name="retention_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        if self.series is not None:
            return f"{self.series.device}: {self.series}"
        if self.site is not None:
            return f"site {self.site}"
        return f"type {self.device_type}" if self.device_type else "everything else"

    def clean(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValidationError: it names two things, or keeps sums for a shorter time than
                what they are needed for.
        """
        if (self.site is not None) + bool(self.device_type) + (self.series is not None) > 1:
            raise ValidationError(_("Choose one of site, type and series; none: everything else."))
        if not (self.site or self.device_type or self.series):
            missing = {
                name: _("The policy for everything else must say it.")
                for name in FIELDS
                if getattr(self, name) is None
            }
            if missing:
                raise ValidationError(missing)
        self._in_order(
            "minutes_days",
            "raw_days",
            _("Minute sums are removed with the readings at the latest."),
        )
        self._in_order(
            "raw_days", "quarters_days", _("15-minute sums must stay as long as readings.")
        )
        self._in_order(
            "quarters_days", "hours_days", _("Hourly sums must stay as long as 15-minute sums.")
        )

    def _in_order(self, shorter: str, longer: str, words: object) -> None:
        low, high = getattr(self, shorter), getattr(self, longer)
        if low is not None and high is not None and (low or 10**9) > (high or 10**9):
            raise ValidationError({longer if shorter != "minutes_days" else shorter: str(words)})
