"""What is still to be done with readings: buckets to sum up, series to remove."""

from django.db import models


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
