"""Doing jobs, a step at a time: what a step made and how far it came are one commit.

Every worker hosts a runner, and each job has a lease of its own: several jobs are done at
once by several workers.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from devices.background import leases
from devices.background.services import LeasedService, Pace, Service
from devices.jobs import files
from devices.models import Job
from devices.timings import JOB_LEASE

logger = logging.getLogger(__name__)

# A job that was begun so often without getting anywhere is given up.
TRIES = 5
# Rows of jobs whose files are gone stay in the list for so long.
LISTED = timedelta(days=30)
State = Job.State


class JobFailed(Exception):
    """The job cannot be done; the text says why, for the one who asked."""


@dataclass(slots=True)
class Progress:
    """What a step did: where the next begins, how much is done, what is to be written."""

    position: dict[str, Any]
    done: int
    total: int
    words: str = ""
    output: bytes = b""
    finished: bool = False
    # The output so far is void: the step began anew.
    afresh: bool = False
    # Nothing could be done now: somebody else is at it.
    waits: bool = False
    result: dict[str, Any] = field(default_factory=dict)


class Work(Protocol):
    """One kind of job. It keeps nothing that it cannot make again from the job."""

    def step(self) -> Progress:
        """Do a piece of work of less than about a second.

        Raises:
            JobFailed: it cannot be done.
        """
        ...

    def close(self) -> None:
        """Let go of what is held open between steps, however the job ends."""
        return None  # noqa: RET501 - else the method would be abstract


_kinds: dict[str, Callable[[Job], Work]] = {}


def register(kind: str, work: Callable[[Job], Work]) -> None:
    """Have jobs of `kind` done by what `work` makes."""
    _kinds[kind] = work


class Runner(Service):
    """Does one job after the other."""

    name = "jobs"
    thread = "jobs"
    # Storing comes first: while packets wait, a step rests.
    pace = Pace(idle=2.0, busy=0.5)

    def __init__(self, holder: str) -> None:
        """Prepare; `holder` is the process' name."""
        self._holder = holder
        self._job: Job | None = None
        self._work: Work | None = None
        # A job that could not be gone on with: others come first.
        self._passed_over = 0

    def step(self) -> bool:
        """Do one step of a job; return whether there is more to do at once.

        Raises:
            django.db.OperationalError: the database is away; the job goes on later.
        """
        try:
            if self._job is None and not self._take():
                return False
            return self._step()
        except (OperationalError, InterfaceError):
            self._drop()
            raise

    def release(self) -> None:
        """Let another process go on with the job at once."""
        if self._job is not None:
            mine = Job.objects.filter(pk=self._job.pk, epoch=self._job.epoch, state=State.RUNNING)
            mine.update(lease_until=None)
            self._drop()

    def _take(self) -> bool:
        """Lease the oldest job that waits, or whose process is gone."""
        if not _anything_open():
            return False
        free = Q(state=State.WAITING) | Q(state=State.RUNNING) & leases.is_over(JOB_LEASE)
        found = Job.objects.filter(free, kind__in=_kinds).exclude(pk=self._passed_over)
        job = found.order_by("pk").first()
        self._passed_over = 0
        if job is None:
            return False
        taken = Job.objects.filter(free, pk=job.pk, epoch=job.epoch).update(
            state=State.RUNNING,
            holder=self._holder,
            epoch=F("epoch") + 1,
            tries=F("tries") + 1,
            lease_until=Now() + JOB_LEASE,
            started_at=job.started_at or timezone.now(),
        )
        if taken:
            job.refresh_from_db()
            self._job = job
        return bool(taken)

    def _step(self) -> bool:
        job = self._job
        assert job is not None
        if job.tries > TRIES:
            self._end(State.FAILED, f"given up: begun {TRIES} times without getting anywhere")
            return True
        try:
            if self._work is None:
                self._work = _kinds[job.kind](job)
            progress = self._work.step()
            self._commit(job, progress)
        except JobFailed as error:
            self._end(State.FAILED, str(error))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # Of the step, or of what the database refuses to store of it.
            logger.exception("%s fails", job)
            self._end(State.FAILED, f"{type(error).__name__}: {error}")
        else:
            if progress.waits:
                self._pass_over(job)
                return False
        return True

    def _pass_over(self, job: Job) -> None:
        """Let others go first."""
        self._passed_over = job.pk
        self._drop()
        mine = Job.objects.filter(pk=job.pk, epoch=job.epoch, state=State.RUNNING)
        mine.update(state=State.WAITING, lease_until=None)

    def _commit(self, job: Job, progress: Progress) -> None:
        """Write what the step made, unless the job was cancelled or taken over meanwhile."""
        values: dict[str, Any] = {
            "position": progress.position,
            "done": progress.done,
            "total": progress.total,
            "words": progress.words[:500],
            "tries": 0,
            "lease_until": Now() + JOB_LEASE,
        }
        with transaction.atomic():
            mine = Job.objects.filter(pk=job.pk, epoch=job.epoch, cancel=False)
            if mine.update(**values):
                while progress.afresh and files.remove(job.pk, files.OUT):
                    pass
                files.append(job.pk, files.OUT, progress.output)
                job.tries = 0
                if progress.finished:
                    result = {**progress.result, "bytes": files.size(job.pk, files.OUT)}
                    mine.update(state=State.DONE, ended_at=Now(), result=result)
                taken = True
            else:
                taken = False
        if not taken:
            self._end(State.CANCELLED, "")
        elif progress.finished:
            self._drop()

    def _end(self, state: str, words: str) -> None:
        """End a job that came to nothing; one that was taken over is left alone."""
        job = self._job
        assert job is not None
        self._drop()
        ended = Job.objects.filter(pk=job.pk, epoch=job.epoch, state=State.RUNNING)
        told = words[:500].replace("\0", "\ufffd")  # PostgreSQL stores no NUL
        ended.update(state=state, words=told, ended_at=Now(), lease_until=None)

    def _drop(self) -> None:
        if self._work is not None:
            self._work.close()
        self._job = self._work = None


def _anything_open() -> bool:
    """Return whether any job waits or runs; asked all the time, so without the ORM's detours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM devices_job WHERE state IN ('waiting', 'running') LIMIT 1")
        return cursor.fetchone() is not None


class JobFiles(LeasedService):
    """Removes files that nobody can want any more, while it holds the lease."""

    name = "job files"
    thread = "upkeep"
    pace = Pace(idle=30.0, more=0.05)

    def work(self) -> bool:
        """Remove some files; return whether there are more."""
        return tidy()


def tidy() -> bool:
    """Remove files that nobody can want any more, some at a time; return if there is more."""
    over = timezone.now() - timedelta(days=settings.JOB_DAYS)
    done = Q(state=State.DONE, ended_at__lt=over) | Q(state=State.ASKING, asked_at__lt=over)
    void = Q(state__in=[State.CANCELLED, State.FAILED], parts__isnull=False)
    job = Job.objects.filter(done | void).order_by("pk").first()
    if job is None:
        gone = Job.objects.filter(state__in=[State.EXPIRED, State.FAILED, State.CANCELLED])
        gone.filter(ended_at__lt=timezone.now() - LISTED).delete()
        return False
    if not files.remove(job.pk):
        expired = Job.objects.filter(pk=job.pk, state__in=[State.DONE, State.ASKING])
        expired.update(state=State.EXPIRED, ended_at=job.ended_at or timezone.now())
    return True
