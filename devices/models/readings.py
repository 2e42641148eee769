"""Series, their readings, and the newest reading of each."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.models.by_hand import ByHand
from devices.models.registry import Device
from devices.unit_conversion import alternatives

# More are noise of a double.
MAX_DECIMALS = 12
# What a small integer holds on every database.
MAX_POSITION = 32_767


class Kind(models.TextChoices):
    """What a series measures: as its first sample, unless somebody changes it."""

    NUMBER = "number", _("number")
    BOOLEAN = "boolean", _("boolean")
    TEXT = "text", _("text")


class Series(ByHand):
    """One metric of one device."""

    DESCRIBED = frozenset({"unit", "kind", "label", "decimals", "minimum", "maximum"})

    device = models.ForeignKey(
        Device, verbose_name=_("device"), on_delete=models.CASCADE, related_name="series"
    )
    metric = models.CharField(_("metric"), max_length=200)
    unit = models.CharField(_("unit"), max_length=50, blank=True)
    # As its source spells it.
    unit_as_sent = models.CharField(
        max_length=50, blank=True, default="", db_default="", editable=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.NUMBER)
    label = models.CharField(
        _("label"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Its name for people; empty: the metric."),
    )
    decimals = models.PositiveSmallIntegerField(
        _("decimals"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_DECIMALS)],
        help_text=_("How many are shown; empty: as many as tell."),
    )
    shown_unit = models.CharField(
        _("shown in"),
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text=_("What it is shown in, for everybody; empty: as it is stored."),
    )
    # By what was measured lately (`devices.monitoring.scales`): with how many decimals figures
    # align, and which prefix of the unit fits; what people have set comes before.
    places = models.PositiveSmallIntegerField(null=True, editable=False)
    scaled_unit = models.CharField(
        max_length=50, blank=True, default="", db_default="", editable=False
    )
    minimum = models.FloatField(
        _("at least"), null=True, blank=True, help_text=_("What it may be at least.")
    )
    maximum = models.FloatField(
        _("at most"), null=True, blank=True, help_text=_("What it may be at most.")
    )
    hidden = models.BooleanField(
        _("hidden"),
        default=False,
        db_default=False,
        help_text=_("Stored and exported, but left out of lists, boards and its device's page."),
    )
    position = models.PositiveSmallIntegerField(
        _("order"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_POSITION)],
        help_text=_("Its place among the metrics of its device; empty: after those, by name."),
    )
    # The words of an enumeration, in order.
    states = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False
    )
    counts_up = models.BooleanField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Readings before this time (µs) were removed, as their policy says; their sums answer.
    raw_since = models.BigIntegerField(default=0, db_default=0, editable=False)
    # Before this time (µs) there are sums of hours alone.
    quarters_since = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        ordering = ["metric"]
        constraints = [
            models.UniqueConstraint(fields=["device", "metric"], name="series_per_device")
        ]

    def __str__(self) -> str:
        return self.metric

    def clean(self) -> None:
        """Refuse a unit that values cannot be shown in, and limits that nothing is between."""
        super().clean()
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and not low < high:
            raise ValidationError({"minimum": _("The least must be below the most.")})
        problem = unit_problem(self.unit, self.shown_unit)
        if problem:
            raise ValidationError({"shown_unit": problem})


def unit_problem(unit: str, shown: str) -> str:
    """Return what is wrong with showing values in `unit` as `shown`; empty: nothing."""
    possible = [one for one in alternatives(unit) if one != unit]
    if not shown or shown == unit or shown in possible:
        return ""
    if not possible:
        words = gettext("Values in %(unit)s can be shown in no other unit.")
        return words % {"unit": unit or gettext("no unit")}
    return gettext("Values in %(unit)s can be shown in: %(possible)s.") % {
        "unit": unit,
        "possible": ", ".join(possible),
    }


class Reading(models.Model):
    """One stored value. `ts` is in µs since 1970 UTC; `value` holds booleans as 0/1.

    The table is made by SQL (migration 0002): weekly range partitions on
    PostgreSQL, WITHOUT ROWID on SQLite, and no foreign key, for speed.
    """

    pk = models.CompositePrimaryKey("series_id", "ts")
    series = models.ForeignKey(
        Series, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    ts = models.BigIntegerField()
    value = models.FloatField(null=True)
    text = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "devices_reading"

    def __str__(self) -> str:
        return f"{self.series_id}@{self.ts}"


class LastKnown(models.Model):
    """What a broker keeps of a device without saying since when: no reading."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="last_known")
    metric = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.FloatField(null=True)
    text = models.TextField(null=True)
    # When the broker handed it to us.
    heard_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "last known"
        constraints = [
            models.UniqueConstraint(fields=["device", "metric"], name="last_known_per_device")
        ]

    def __str__(self) -> str:
        return f"{self.device_id}/{self.metric}"


class Latest(models.Model):
    """The newest reading of a series."""

    series = models.OneToOneField(
        Series, primary_key=True, on_delete=models.CASCADE, db_constraint=False
    )
    ts = models.BigIntegerField()
    value = models.FloatField(null=True)
    text = models.TextField(null=True)

    class Meta:
        verbose_name_plural = "latest"

    def __str__(self) -> str:
        return f"{self.series_id}@{self.ts}"
