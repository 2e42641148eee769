"""MQTT brokers that people have added, besides the one that the settings name."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices import secrets
from devices.broker_addresses import Addresses, BadAddress, parse
from devices.models.changed_columns import ChangedColumns

valid_name = RegexValidator(
    # A slot of a broker `ingest` would look like one of the broker of the settings.
    r"^(?!ingest(-|\Z))[a-z0-9](-?[a-z0-9]+)*\Z",
    _("Use a to z, 0 to 9 and single hyphens between them, and not ingest."),
)


class Broker(ChangedColumns):
    """A broker that Sources subscribe at; those of no broker do at that of `MQTT_URL`."""

    class Version(models.TextChoices):
        """MQTT's version."""

        V311 = "3.1.1", "3.1.1"
        V5 = "5", "5"

    name = models.CharField(
        _("name"),
        max_length=30,
        unique=True,
        validators=[valid_name],
        help_text=_("A part of the client ids by which the broker knows us."),
    )
    addresses = models.TextField(
        _("addresses"),
        help_text=_(
            "mqtt://, mqtts://, ws:// or wss://, a host and a port. Several of one broker, parted "
            "by blanks, are tried in turn."
        ),
    )
    username = models.CharField(_("user name"), max_length=200, blank=True)
    # Sealed: see `devices.secrets`.
    password = models.TextField(blank=True, editable=False)
    ca = models.TextField(
        _("CA"), blank=True, help_text=_("Certificates in PEM format. Empty: those of the system.")
    )
    certificate = models.TextField(
        _("client certificate"), blank=True, help_text=_("In PEM format, where the broker asks.")
    )
    private_key = models.TextField(blank=True, editable=False)
    version = models.CharField(
        _("MQTT version"), max_length=5, default=Version.V311, choices=Version.choices
    )
    canary = models.BooleanField(
        _("canary"),
        default=False,
        help_text=_(
            "Publish a small message to iotbridge/canary/… now and then, which proves that packets "
            "come through. Without it nothing is published, and the way is not proven."
        ),
    )
    enabled = models.BooleanField(
        _("enabled"),
        default=True,
        help_text=_("Switched off, what the broker has queued for us is read first."),
    )

    class Meta:
        verbose_name = _("broker")
        verbose_name_plural = _("brokers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Take user and password out of the addresses, and refuse what is none.

        Raises:
            ValidationError: says which field, and why.
        """
        try:
            found = parse(self.addresses)
        except BadAddress as error:
            raise ValidationError({"addresses": error.translated}) from error
        self._take(found)
        if bool(self.certificate.strip()) != bool(self.private_key):
            raise ValidationError({"certificate": _("A certificate and its key belong together.")})

    def _take(self, found: Addresses) -> None:
        self.addresses = found.text
        if found.username is not None:
            self.username = found.username
        if found.password is not None:
            self.set_password(found.password)

    def set_password(self, password: str) -> None:
        """Keep `password`, sealed."""
        self.password = secrets.seal(password)

    def set_private_key(self, text: str) -> None:
        """Keep the key of the certificate, sealed."""
        self.private_key = secrets.seal(text)


def broker_names(*, enabled: bool = True) -> list[str]:
    """Return the names of the brokers there are, "" (that of the settings) first."""
    rows: Iterable[Any] = Broker.objects.filter(enabled=True) if enabled else Broker.objects.all()
    return ["", *(row.name for row in rows)]
