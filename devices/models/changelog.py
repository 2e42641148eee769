"""Writers, and the change log they leave."""

from django.db import models


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
