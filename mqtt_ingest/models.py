"""Dead letters, and the arrival times that redelivered packets take again."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Source

# Kept packet by packet; of the others those that are alike fold.
WHOLE_REASONS = ("conflict", "refused_by_database")


class DeadLetter(models.Model):
    """A packet that could not become readings, kept whole with its reason.

    Undecodable packets that are alike (`fold`) share a row: topic, payload and detail
    are those of the first, `last_…` those of the last, `number` tells how many.
    """

    received_at = models.DateTimeField(_("received at"), db_index=True)
    source = models.CharField(_("source"), max_length=50)
    slot = models.CharField(_("slot"), max_length=100)
    topic = models.TextField(_("topic"))
    payload = models.BinaryField()
    qos = models.PositiveSmallIntegerField(_("QoS"))
    retain = models.BooleanField(_("retain"), default=False)
    packet_id = models.PositiveIntegerField(_("packet id"), null=True)
    reason = models.CharField(_("reason"), max_length=50, db_index=True)
    detail = models.TextField(_("detail"), blank=True, help_text=_("What was wrong, and where."))
    device_key = models.CharField(_("device"), max_length=128, blank=True, db_index=True)
    # Of session, packet id, topic and payload: a redelivery is not kept twice.
    digest = models.BinaryField(max_length=16)
    fold = models.CharField(max_length=32, null=True, unique=True)
    # db_default: a worker of the last release may still run beside the new table.
    number = models.BigIntegerField(_("how often"), default=1, db_default=1)
    last_at = models.DateTimeField(_("last at"), null=True)
    last_topic = models.TextField(_("last topic"), blank=True, default="", db_default="")
    last_payload = models.BinaryField(null=True)
    last_detail = models.TextField(_("last detail"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["slot", "packet_id"], name="deadletter_packet")]

    def __str__(self) -> str:
        return f"{self.reason}: {self.topic}"


class ArrivalStamp(models.Model):
    """Arrival times given to packets without their own, one row a batch.

    `stamps` is a run of (packet id u16, digest 8 bytes, µs i64). A redelivered
    packet that matches takes the same time, and the readings' key removes the twin.
    """

    pk = models.CompositePrimaryKey("slot", "packets")
    slot = models.CharField(max_length=100)
    packets = models.BigIntegerField()
    stamps = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.slot}:{self.packets}"


class Remembered(models.Model):
    """What the convention of a Source remembers, by key; see `core.conventions.state`."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="remembered")
    key = models.CharField(max_length=500)
    value = models.JSONField()

    class Meta:
        verbose_name_plural = "remembered"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="remembered_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.key}"


def made_name() -> str:
    """Return a name that no other installation has."""
    return f"iotbridge-{secrets.token_hex(6)}"


class Installation(models.Model):
    """The one row with this installation's names at its broker; see `installation`."""

    client_id = models.CharField(max_length=100, default=made_name)
    group = models.CharField(max_length=100, default=made_name)

    def __str__(self) -> str:
        return self.client_id
