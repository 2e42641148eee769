"""What is watched, and what breaks it."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device, Site, Tag
from devices.models.registry import zone_field

# What is looked at again when readings come late goes back that far (`HORIZON_US`).
LONGEST_S = 31 * 86_400
DAYS = "1234567"


class Severity(models.TextChoices):
    """How bad it is."""

    INFO = "info", _("information")
    WARNING = "warning", _("warning")
    CRITICAL = "critical", _("critical")


class Kind(models.TextChoices):
    """What a rule asks."""

    ABOVE = "above", _("is above a limit")
    BELOW = "below", _("is below a limit")
    OUTSIDE = "outside", _("leaves a band")
    EQUALS = "equals", _("is one of some words")
    CHANGES = "changes", _("becomes another one")
    RATE = "rate", _("rises or falls quickly")
    STUCK = "stuck", _("does not move")
    MISSING = "missing", _("is missing")
    DIFFERENCE = "difference", _("differs from another metric")


# What each kind is made of: all of the first, of the second at least one.
NEEDS: dict[str, tuple[set[str], set[str]]] = {
    Kind.ABOVE: ({"high"}, set()),
    Kind.BELOW: ({"low"}, set()),
    Kind.OUTSIDE: ({"low", "high"}, set()),
    Kind.EQUALS: ({"words"}, set()),
    Kind.CHANGES: (set(), set()),
    Kind.RATE: ({"window_s"}, {"low", "high"}),
    Kind.STUCK: ({"window_s"}, set()),
    Kind.MISSING: ({"for_s"}, set()),
    Kind.DIFFERENCE: ({"other_metric"}, {"low", "high"}),
}
# What else it may have.
TAKES: dict[str, set[str]] = {
    Kind.ABOVE: {"hysteresis", "unit"},
    Kind.BELOW: {"hysteresis", "unit"},
    Kind.OUTSIDE: {"hysteresis", "unit"},
    Kind.CHANGES: {"words"},
    Kind.RATE: {"unit"},
    Kind.STUCK: {"hysteresis", "unit"},
    Kind.DIFFERENCE: {"hysteresis", "unit"},
}
LIMITS = ("low", "high")
NUMBERS = ("low", "high", "hysteresis", "words", "window_s", "other_metric", "unit")


def _seconds(name: Any, words: Any, default: int = 0) -> "models.PositiveIntegerField[int, int]":
    return models.PositiveIntegerField(
        name, default=default, validators=[MaxValueValidator(LONGEST_S)], help_text=words
    )


class Rule(models.Model):
    """What is watched on which devices; the narrower of site, type, tag and device all hold."""

    name = models.CharField(_("name"), max_length=200)
    enabled = models.BooleanField(_("enabled"), default=True)
    site = models.ForeignKey(
        Site,
        verbose_name=_("site"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="alarm_rules",
        help_text=_("Devices of it, and of the sites below it."),
    )
    device_type = models.CharField(_("type"), max_length=100, blank=True, default="")
    tag = models.ForeignKey(
        Tag, verbose_name=_("tag"), null=True, blank=True, on_delete=models.CASCADE
    )
    device = models.ForeignKey(
        Device,
        verbose_name=_("device"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="alarm_rules",
    )
    metric = models.CharField(
        _("metric"),
        max_length=200,
        blank=True,
        help_text=_("Its name; * stands for anything. Empty: the device as a whole."),
    )
    kind = models.CharField(_("alarm if it"), max_length=12, choices=Kind.choices)
    low = models.FloatField(_("lower limit"), null=True, blank=True)
    high = models.FloatField(_("upper limit"), null=True, blank=True)
    hysteresis = models.FloatField(
        _("hysteresis"),
        default=0.0,
        help_text=_("It is over once the value is back within the limit by this much."),
    )
    unit = models.CharField(
        _("unit of the limits"),
        max_length=50,
        blank=True,
        default="",
        help_text=_("Empty: the one that values are stored in."),
    )
    words = models.CharField(
        _("words"), max_length=500, blank=True, default="", help_text=_("Split by commas.")
    )
    other_metric = models.CharField(_("other metric"), max_length=200, blank=True, default="")
    window_s = _seconds(_("within (s)"), _("What is compared lies so far apart."))
    for_s = _seconds(_("for (s)"), _("So long it must last before it is an alarm."))
    clear_s = _seconds(_("over for (s)"), _("So long it must be over before it is cleared."))
    again_s = _seconds(
        _("again within (s)"), _("What comes back so soon is the same alarm, counted."), 300
    )
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.WARNING
    )
    text = models.CharField(
        _("text"),
        max_length=500,
        blank=True,
        default="",
        help_text=_("{device}, {metric}, {value}, {limit} and {site} stand for what they say."),
    )
    runbook = models.CharField(
        _("what to do"),
        max_length=500,
        blank=True,
        default="",
        validators=[URLValidator(["http", "https"])],
        help_text=_("The address of a page that says it."),
    )
    latched = models.BooleanField(
        _("stays until acknowledged"),
        default=False,
        help_text=_("It stays in the list until somebody acknowledges it, also when it is over."),
    )
    days = models.CharField(
        _("weekdays"), max_length=7, blank=True, default="", help_text=_("1 is Monday. Empty: all.")
    )
    starts = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("to"), null=True, blank=True)
    zone = zone_field(_("Of weekdays and hours. Empty: UTC."))
    # Raised by each change, over all rules; and since when (µs) it is as it is.
    number = models.BigIntegerField(default=0, db_index=True, editable=False)
    since = models.BigIntegerField(default=0, editable=False)
    changed_by = models.CharField(max_length=150, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("alarm rule")
        verbose_name_plural = _("alarm rules")
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the path of its form."""
        return f"/alarms/rules/{self.pk}"

    def clean(self) -> None:
        """Refuse what could never be raised, what always would be, and what contradicts itself.

        Raises:
            ValidationError: says which field, and why.
        """
        problems = {**self._wrong_numbers(), **self._wrong_schedule()}
        if not self.metric and self.kind != Kind.MISSING:
            problems["metric"] = _("Name a metric; only silence is asked of a device as a whole.")
        if problems:
            raise ValidationError(problems)
        # What another kind was made of is none of this one's.
        fresh = Rule()
        for name in set(NUMBERS) - self.parts:
            setattr(self, name, getattr(fresh, name))

    @property
    def parts(self) -> set[str]:
        """Return the names of the fields that its kind asks or takes."""
        needed, either = NEEDS.get(self.kind, (set(), set()))
        return needed | either | TAKES.get(self.kind, set())

    def _wrong_numbers(self) -> dict[str, Any]:
        needed, either = NEEDS.get(self.kind, (set(), set()))
        problems: dict[str, Any] = {
            name: _("This kind of rule needs it.")
            for name in needed
            if getattr(self, name) is None or (name not in LIMITS and not getattr(self, name))
        }
        if either and all(getattr(self, name) is None for name in either):
            problems["high"] = _("This kind of rule needs at least one limit.")
        if self.hysteresis < 0:
            problems["hysteresis"] = _("It cannot be below 0.")
        if self.kind == Kind.RATE and any(n is not None and n < 0 for n in (self.low, self.high)):
            problems["high"] = _("By how much: it cannot be below 0.")
        return {**problems, **self._wrong_band(), **self._wrong_metrics()}

    def _wrong_band(self) -> dict[str, Any]:
        low, high = self.low, self.high
        if low is None or high is None or self.kind not in {Kind.OUTSIDE, Kind.DIFFERENCE}:
            return {}
        if not low < high:
            return {"low": _("The lower limit must be below the upper one.")}
        if self.hysteresis >= high - low:
            return {"hysteresis": _("It could never be over: the band is narrower.")}
        return {}

    def _wrong_metrics(self) -> dict[str, Any]:
        if self.kind != Kind.DIFFERENCE:
            return {}
        if self.other_metric == self.metric:
            return {"other_metric": _("It never differs from itself.")}
        if "*" in self.metric + self.other_metric:
            return {"other_metric": _("Name both metrics; * stands for none here.")}
        return {}

    def _wrong_schedule(self) -> dict[str, Any]:
        problems: dict[str, Any] = {}
        if set(self.days) - set(DAYS) or len(set(self.days)) != len(self.days):
            problems["days"] = _("Each of 1 to 7 at most once.")
        if (self.starts is None) != (self.ends is None):
            problems["ends"] = _("Give both times, or none.")
        return problems


class OwnLimits(models.Model):
    """A rule's limits on one device, instead of its own."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="own_limits")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="own_limits")
    low = models.FloatField(_("lower limit"), null=True, blank=True)
    high = models.FloatField(_("upper limit"), null=True, blank=True)
    off = models.BooleanField(_("not on this device"), default=False)

    class Meta:
        verbose_name = _("own limits")
        verbose_name_plural = _("own limits")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "device"], name="own_limits_per_device")
        ]

    def __str__(self) -> str:
        return f"{self.rule} on {self.device}"
