"""Long work that is asked for: its progress, and the files it takes and makes."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of long work. Leased and fenced by `epoch`, like slots."""

    class State(models.TextChoices):
        """How it is."""

        # An upload whose columns nobody has named yet.
        ASKING = "asking", _("waits for you")
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("file removed")

    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    options = models.JSONField(default=dict)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, db_index=True)
    # Where the next step begins; committed with what the last one made.
    position = models.JSONField(default=dict)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    words = models.CharField(max_length=500, blank=True, default="")
    result = models.JSONField(default=dict)
    cancel = models.BooleanField(default=False)
    holder = models.CharField(max_length=200, blank=True, default="")
    epoch = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    # How often it was begun since it last got anywhere.
    tries = models.IntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="job_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def percent(self) -> int:
        """Return how far it is, from 0 to 100."""
        if self.state == Job.State.DONE:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0

    @property
    def has_file(self) -> bool:
        """Return whether it made a file."""
        return bool(self.result.get("bytes"))

    @property
    def is_open(self) -> bool:
        """Return whether it is still to come to an end."""
        return self.state in {Job.State.ASKING, Job.State.WAITING, Job.State.RUNNING}


class JobPart(models.Model):
    """A piece of a job's file, compressed with zlib; `start` and `size` are of the content."""

    class Role(models.TextChoices):
        """Whether the job reads the file or makes it."""

        IN = "in"
        OUT = "out"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parts")
    role = models.CharField(max_length=3, choices=Role.choices)
    start = models.BigIntegerField()
    size = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "role", "start"], name="part_of_job")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.role} {self.start}"
