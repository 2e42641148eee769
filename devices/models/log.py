"""Writers, the change log they leave, and the processes that are alive."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.registry import Device

# Slots are writers of this name and a number.
SLOT_PREFIX = "ingest-"


class Writer(models.Model):
    """A named sequence of committed batches, and the lease on it.

    Every batch raises `seq` in its own transaction, guarded by `epoch`: a worker
    that lost the slot updates no row, rolls back and acknowledges nothing.
    """

    name = models.CharField(max_length=100, primary_key=True)
    seq = models.BigIntegerField(default=0)
    epoch = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=200, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    # Packets taken in so far: places a stored arrival time in the stream of packet ids.
    packets = models.BigIntegerField(default=0)
    # Raised when people change the registry: a batch that sees another number
    # than its cache was read at rolls back and reads the registry again.
    registry = models.BigIntegerField(default=0)
    # The filters this slot has subscribed, so that the difference can be unsubscribed.
    filters = models.JSONField(default=list)
    # What a slot found of shared subscriptions (`mqtt_ingest.core.sharing.Findings`).
    # db_default: the last release may still write.
    sharing = models.CharField(max_length=10, blank=True, default="", db_default="")
    software = models.CharField(max_length=100, blank=True, default="", db_default="")
    forgets = models.BooleanField(default=False, db_default=False)
    # By how much (µs) accepted devices agreed that this machine's clock is behind theirs.
    clocks_ahead = models.BigIntegerField(default=0, db_default=0)
    # The broker's own count of packets it dropped, as last heard, and when (µs).
    broker_dropped = models.BigIntegerField(null=True)
    broker_dropped_at = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.name


class Change(models.Model):
    """The log row of one committed batch: which series and spans it touched.

    `touched` is a run of little-endian (series_id, ts_min, ts_max), 8 bytes each.
    """

    pk = models.CompositePrimaryKey("writer", "seq")
    writer = models.CharField(max_length=100)
    seq = models.BigIntegerField()
    # Rises with `seq`, so that it needs no index.
    stored_at = models.DateTimeField()
    touched = models.BinaryField()
    # The smallest ts_min (µs): whether closed buckets of rollups are touched.
    oldest = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.writer}:{self.seq}"


class Duty(models.Model):
    """Work that one elected process does: who holds it, and how far it has come."""

    name = models.CharField(max_length=50, primary_key=True)
    holder = models.CharField(max_length=200, blank=True, default="")
    epoch = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    state = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "duties"

    def __str__(self) -> str:
        return self.name


class Dirty(models.Model):
    """A quarter of an hour of a series whose rollups are still to be made."""

    pk = models.CompositePrimaryKey("bucket", "series_id")
    series_id = models.BigIntegerField()
    bucket = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "dirty"
        indexes = [models.Index(fields=["series_id", "bucket"], name="dirty_by_series")]

    def __str__(self) -> str:
        return f"{self.series_id}@{self.bucket}"


class Purge(models.Model):
    """Readings of a deleted or rejected device that are still to be removed."""

    series_id = models.BigIntegerField(primary_key=True)
    asked_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.series_id)


class Loss(models.Model):
    """A named loss: what a limit or the broker made us lose. Times in µs since 1970 UTC."""

    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="losses"
    )
    reason = models.CharField(max_length=30)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    packets = models.BigIntegerField(null=True, help_text=_("Empty: it cannot be known."))
    detail = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "losses"
        indexes = [models.Index(fields=["device", "reason", "until"], name="loss_by_device")]

    def __str__(self) -> str:
        return f"{self.reason} of {'some' if self.packets is None else self.packets} packet(s)"


class Process(models.Model):
    """The heartbeat row of one running process."""

    id = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=20)
    info = models.JSONField(default=dict)

    # Seconds since its last heartbeat, by the database's clock;
    # set by `devices.monitoring.heartbeats`.
    silent_s: float = 0.0

    class Meta:
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return self.id
