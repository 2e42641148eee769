"""Who is told of alarms, and what they were told."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.alarms.models.alarms import AlarmEvent
from devices.alarms.models.rules import Rule, Severity
from devices.models import Site
from devices.models.registry import zone_field


class Receiver(models.Model):
    """A person, an address or a program that is told of alarms.

    One of a site hears of devices there and below it; a person of those alone that they see.
    """

    class Kind(models.TextChoices):
        """How it is told."""

        PERSON = "person", _("a person, by e-mail")
        EMAIL = "email", _("e-mail addresses")
        WEBHOOK = "webhook", _("a webhook")

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    site = models.ForeignKey(
        Site,
        verbose_name=_("site"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="receivers",
        help_text=_("It hears of devices there and below it. Empty: of all devices."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="receivers",
    )
    target = models.CharField(
        _("where to"),
        max_length=1_000,
        blank=True,
        default="",
        help_text=_("Addresses split by commas, or the URL of a webhook."),
    )
    # Sealed; see `devices.secrets`.
    secret = models.TextField(blank=True, default="", editable=False)
    least = models.CharField(
        _("from this severity on"),
        max_length=10,
        choices=Severity.choices,
        default=Severity.WARNING,
    )
    tells_end = models.BooleanField(_("also when it is over"), default=True)
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("What is critical is told all the same."),
    )
    quiet_to = models.TimeField(_("quiet to"), null=True, blank=True)
    zone = zone_field(_("Of the quiet hours. Empty: UTC."))
    enabled = models.BooleanField(_("enabled"), default=True)
    rules = models.ManyToManyField(Rule, blank=True, related_name="receivers")
    # All rules that there are and will be, of devices that it hears of.
    every_rule = models.BooleanField(_("of every rule"), default=True)
    # After a failure nothing is sent before; how often it has failed in a row, and why.
    wait_until = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    error = models.CharField(max_length=500, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("receiver")
        verbose_name_plural = _("receivers")
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the path of its form."""
        return f"/alarms/receivers/{self.pk}"


class Delivery(models.Model):
    """Something that happened to an alarm, to be told to a receiver: stored with it, sent once.

    Where a try ended without an answer it is sent again, and says that it may be the second time.
    """

    class State(models.TextChoices):
        """How it is."""

        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        DEAD = "dead", _("given up")

    receiver = models.ForeignKey(Receiver, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(AlarmEvent, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        verbose_name_plural = "deliveries"
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["receiver"],
                condition=models.Q(state="waiting"),
                name="delivery_waiting",
            ),
            models.Index(fields=["made_at"], name="delivery_by_time"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["receiver", "event"], name="told_once")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.receiver_id}: {self.state}"
