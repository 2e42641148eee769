"""The device registry: sites, sources, devices and how each source names them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices import datetime_texts
from devices.models.brokers import Broker
from devices.models.by_hand import ByHand
from devices.models.changed_columns import ChangedColumns

# Not `.` and `..`: in an address they are no names.
# A gateway may speak through another one; so many at most.
MAX_LEVELS = 8
KEY_LENGTH = 128
KEY_PATTERN = r"^(?!\.{1,2}\Z)[A-Za-z0-9_.:~-]{1,128}\Z"
valid_key = RegexValidator(
    KEY_PATTERN,
    _("Use 1 to 128 of A-Z a-z 0-9 _ . : - (other characters as ~ and two hex digits)."),
)


def valid_zone(name: str) -> None:
    """Refuse what is no time zone.

    Raises:
        ValidationError: says what it may be.
    """
    try:
        datetime_texts.zone_of(name)
    except ValueError as error:
        raise ValidationError(
            _("%(name)s is no time zone. Write it as in Europe/Berlin or UTC+01:00."),
            params={"name": repr(name)},
        ) from error


def zone_field(help_text: Any) -> "models.CharField[str, str]":
    """Return a field with the name of a time zone, or none."""
    # db_default: a worker of the last release may still write.
    return models.CharField(
        _("time zone"),
        max_length=50,
        blank=True,
        default="",
        db_default="",
        validators=[valid_zone],
        help_text=help_text,
    )


class Site(ChangedColumns):
    """A group of devices that people are given roles on; sites nest."""

    slug = models.SlugField(_("short name"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="children",
    )

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word to find devices by."""

    name = models.SlugField(_("name"), max_length=100, unique=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Source(ChangedColumns):
    """One configured subscription: convention, filters and their options."""

    class Registration(models.TextChoices):
        """What happens to a device that nobody has registered."""

        SETTING = "", _("as MQTT_REGISTRATION says")
        ACCEPT = "accept", _("accept")
        PENDING = "pending", _("store, and wait to be accepted")
        REJECT = "reject", _("reject")

    class Clock(models.TextChoices):
        """Which device times are believed."""

        SANE = "sane", _("device time if plausible, else arrival time")
        ARRIVAL = "arrival", _("always arrival time")

    name = models.SlugField(_("name"), max_length=50, unique=True)
    broker = models.ForeignKey(
        Broker,
        verbose_name=_("broker"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sources",
        help_text=_("Empty: the one that MQTT_URL names, or the embedded one."),
    )
    convention = models.CharField(_("convention"), max_length=50, default="native")
    filters = models.JSONField(
        _("filters"),
        default=list,
        blank=True,
        help_text=_("Topic filters; empty: those of the convention."),
    )
    registration = models.CharField(
        _("registration"), max_length=10, blank=True, default="", choices=Registration.choices
    )
    clock = models.CharField(_("clock"), max_length=10, default="sane", choices=Clock.choices)
    zone = zone_field(_("Of times that name none, for example Europe/Berlin. Empty: UTC."))
    spread_equal = models.BooleanField(
        _("spread equal times"),
        default=False,
        db_default=False,
        help_text=_(
            "For devices that send several packets a second with a clock of whole seconds: "
            "times that are equal are spread by arrival. One slot receives such a source."
        ),
    )
    shared = models.BooleanField(
        _("shared"), default=True, help_text=_("Telemetry may be spread over several slots.")
    )
    options = models.JSONField(
        _("options"),
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text=_("As its convention documents them."),
    )
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the path of its options."""
        return f"/sources/{self.name}"

    def clean(self) -> None:
        """Refuse what no worker could use.

        Raises:
            ValidationError: says which field, and why.
        """
        from devices.source_checks import problems

        found = problems(self)
        if found:
            raise ValidationError(found)


def sources_at(broker: str) -> "models.QuerySet[Source]":
    """Return the Sources of the broker of that name; "" is that of the settings."""
    own = {"broker__name": broker} if broker else {"broker": None}
    return Source.objects.filter(**own)


class Device(ByHand):
    """Something that publishes."""

    DESCRIBED = frozenset({"name", "device_type", "manufacturer", "firmware", "location", "parent"})

    class Status(models.TextChoices):
        """What the device (or its last will) said last about itself."""

        UNKNOWN = "", _("unknown")
        ONLINE = "online", _("online")
        OFFLINE = "offline", _("offline")

    key = models.CharField(_("key"), max_length=128, unique=True, validators=[valid_key])
    name = models.CharField(_("name"), max_length=200, blank=True)
    site = models.ForeignKey(
        Site,
        verbose_name=_("site"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="devices",
    )
    device_type = models.CharField(_("type"), max_length=100, blank=True, db_index=True)
    # db_default: a worker of the last release may still write.
    manufacturer = models.CharField(
        _("manufacturer"), max_length=100, blank=True, default="", db_default=""
    )
    firmware = models.CharField(
        _("firmware"), max_length=100, blank=True, default="", db_default=""
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("gateway"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="children",
        help_text=_("What it speaks through: while that is offline, its own state is unknown."),
    )
    tags = models.ManyToManyField(Tag, verbose_name=_("tags"), blank=True, related_name="devices")
    location = models.CharField(_("location"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    pending = models.BooleanField(
        _("pending"), default=False, help_text=_("Not accepted yet; only managers see it.")
    )
    enabled = models.BooleanField(
        _("enabled"),
        default=True,
        help_text=_("Packets of a disabled device are counted, not stored."),
    )
    status = models.CharField(
        _("status"), max_length=10, blank=True, default="", choices=Status.choices
    )
    status_since = models.DateTimeField(_("status since"), null=True, blank=True)
    # Since when a gateway above it is offline; empty while none is.
    cut_off_since = models.DateTimeField(null=True, editable=False)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True, db_index=True)
    # Written with last_seen: the moment from which silence means stale.
    expected_by = models.DateTimeField(_("expected by"), null=True, blank=True)
    stale_after_s = models.PositiveIntegerField(
        _("stale after (s)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(2**31 - 1)],
        help_text=_("Empty: three times as long as it is usually silent, at least STALE_AFTER_S."),
    )
    zone = zone_field(_("Of times that name none, for example Europe/Berlin. Empty: its source's."))
    # How long it is usually silent, in s; learned where no limit is set.
    cadence_s = models.FloatField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["key"]
        indexes = [
            models.Index(fields=["pending", "enabled"], name="device_pending_enabled"),
            models.Index(fields=["zone"], name="device_zone", condition=~models.Q(zone="")),
        ]

    def __str__(self) -> str:
        return self.name or self.key

    def clean(self) -> None:
        """Refuse a gateway that speaks through the device itself.

        Raises:
            ValidationError: says so.
        """
        if self.pk and self.parent_id and self.is_below(self.parent_id):
            raise ValidationError({"parent": _("That gateway speaks through this device itself.")})

    def is_below(self, gateway: int) -> bool:
        """Return whether the device is `gateway` (a pk), or something that it speaks through."""
        above: int | None = gateway
        for _level in range(MAX_LEVELS):
            if above is None:
                return False
            if above == self.pk:
                return True
            above = Device.objects.filter(pk=above).values_list("parent_id", flat=True).first()
        return True

    def get_absolute_url(self) -> str:
        """Return the live page's path."""
        return f"/devices/{self.key}/"


class Offline(models.Model):
    """A span in which a device said (or its last will said) that it is offline; times in µs."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="offline_spans")
    since = models.BigIntegerField()
    # Empty while it lasts.
    until = models.BigIntegerField(null=True)

    class Meta:
        verbose_name_plural = "offline"
        indexes = [models.Index(fields=["device", "since"], name="offline_by_device")]

    def __str__(self) -> str:
        return f"{self.device_id} offline since {self.since}"


class DeviceCounts(models.Model):
    """What a device sent that was not stored as it came; shown on its page."""

    device = models.OneToOneField(
        Device,
        verbose_name=_("device"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="counts",
    )
    packets = models.BigIntegerField(_("packets"), default=0)
    bad_samples = models.BigIntegerField(_("bad samples"), default=0)
    clock_replaced = models.BigIntegerField(_("clock replaced"), default=0)
    expired = models.BigIntegerField(_("expired"), default=0)
    other_kind = models.BigIntegerField(_("of another kind"), default=0)
    conflicts = models.BigIntegerField(_("conflicts"), default=0)
    empty = models.BigIntegerField(_("empty"), default=0)
    refused = models.BigIntegerField(_("refused"), default=0)
    # db_default: a worker of the last release may still run beside the new table.
    throttled = models.BigIntegerField(_("throttled"), default=0, db_default=0)
    series_refused = models.BigIntegerField(_("series refused"), default=0, db_default=0)
    qos0 = models.BigIntegerField(_("at QoS 0"), default=0, db_default=0)
    clock_difference_ms = models.BigIntegerField(_("clock difference (ms)"), null=True)
    # 1 where its last time named no zone, 0 where it did.
    local_time = models.BigIntegerField(_("time without a zone"), null=True)
    # µs of the last packet that came at QoS 0.
    qos0_at = models.BigIntegerField(_("last at QoS 0"), null=True)

    class Meta:
        verbose_name = _("device counts")
        verbose_name_plural = _("device counts")

    def __str__(self) -> str:
        return f"counts of {self.device_id}"


class Identity(ChangedColumns):
    """The name (hardware id, path) by which one source knows a device."""

    source = models.ForeignKey(
        Source, verbose_name=_("source"), on_delete=models.CASCADE, related_name="identities"
    )
    native_id = models.CharField(_("id at its source"), max_length=500)
    device = models.ForeignKey(
        Device, verbose_name=_("device"), on_delete=models.CASCADE, related_name="identities"
    )

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(fields=["source", "native_id"], name="identity_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.native_id}"


class RegistryEdit(models.Model):
    """One change that people made to the registry: what of it workers must read anew."""

    # Their pks.
    devices = models.JSONField(default=list)
    # Who was refused may not be any more.
    refused = models.BooleanField(default=False)
    everything = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"edit {self.pk}"
