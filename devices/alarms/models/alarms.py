"""Alarms: one raising of a rule each, and what became of it. Times of readings in µs."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.alarms.models.rules import Rule, Severity
from devices.models import Device, Series


class AlarmCounter(models.Model):
    """One row. Its lock is held while anything changes: numbers are in the order of commits."""

    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"up to {self.last}"


class Alarm(models.Model):
    """A rule was broken on a series (or a whole device): since when, until when, how often.

    `since` to `until` is what the readings say; the rest is what people do.
    """

    # Rises with each change of any alarm: who knows all up to one asks for those after it.
    seq = models.BigIntegerField(unique=True)
    rule = models.ForeignKey(Rule, null=True, on_delete=models.SET_NULL, related_name="alarms")
    rule_name = models.CharField(_("rule"), max_length=200)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices)
    device = models.ForeignKey(
        Device, verbose_name=_("device"), on_delete=models.CASCADE, related_name="alarms"
    )
    series = models.ForeignKey(
        Series, null=True, on_delete=models.CASCADE, related_name="alarms", db_constraint=False
    )
    metric = models.CharField(_("metric"), max_length=200, blank=True, default="")
    text = models.CharField(max_length=1_000, blank=True, default="")
    value = models.CharField(max_length=200, blank=True, default="")
    runbook = models.CharField(max_length=500, blank=True, default="")
    latched = models.BooleanField(default=False)
    since = models.BigIntegerField(_("since"))
    until = models.BigIntegerField(_("until"), null=True)
    # How often it came back.
    times = models.PositiveIntegerField(default=1)
    noticed_at = models.DateTimeField()
    # It was over before anybody could have been told: late readings, an import.
    is_history = models.BooleanField(default=False)
    # Late or corrected readings say that it never was.
    withdrawn_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shelved_until = models.DateTimeField(null=True)
    # Whether it is to be looked at: it lasts, or stays until somebody acknowledges it.
    is_on = models.GeneratedField(
        expression=models.ExpressionWrapper(
            models.Q(withdrawn_at=None)
            & (models.Q(until=None) | models.Q(latched=True, acknowledged_at=None)),
            output_field=models.BooleanField(),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering: ClassVar = ["-since", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["rule", "device", "series", "since"], name="alarm_of_rule"),
            models.Index(fields=["device", "since"], name="alarm_of_device"),
            models.Index(fields=["since"], name="alarm_by_time"),
            models.Index(fields=["severity"], condition=models.Q(is_on=True), name="alarm_on"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.device_id} since {self.since}"


class Episode(models.Model):
    """A span in which a rule was broken; those that follow each other soon are one alarm."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="episodes")
    since = models.BigIntegerField()
    until = models.BigIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["since"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alarm", "since"], name="episode_of_alarm")
        ]

    def __str__(self) -> str:
        return f"{self.since} to {self.until}"


class AlarmEvent(models.Model):
    """Something that happened to an alarm: by its readings, or by somebody."""

    class Kind(models.TextChoices):
        """What it was."""

        RAISED = "raised", _("raised")
        AGAIN = "again", _("again")
        CLEARED = "cleared", _("cleared")
        WITHDRAWN = "withdrawn", _("withdrawn: late or corrected readings say it never was")
        ENDED = "ended", _("no longer watched")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        SHELVED = "shelved", _("shelved")
        UNSHELVED = "unshelved", _("taken off the shelf")

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # When it was stored, or done; and of which moment (µs) the readings tell it.
    at = models.DateTimeField()
    ts = models.BigIntegerField(null=True)
    by = models.CharField(max_length=150, blank=True, default="")
    note = models.CharField(max_length=1_000, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.kind}"
