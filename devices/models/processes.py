"""Heartbeats of processes."""

from django.db import models


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
