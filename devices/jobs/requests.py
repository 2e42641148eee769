"""Who may ask for, see, fetch and cancel a job: whoever asked, and who may see all jobs."""

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now

from devices.access import scope_of
from devices.models import Job, JobPart
from devices.models.accounts import AnyUser

# Jobs of one person that wait or run; and bytes of their files, of all that are kept.
MAX_OPEN = 10
MAX_BYTES = 2_000_000_000


class TooManyJobs(Exception):
    """A person has asked for more than is let in at once."""


def visible(user: AnyUser) -> QuerySet[Job]:
    """Return the jobs that `user` may see and cancel."""
    if user is None or not user.is_authenticated or not user.is_active:
        return Job.objects.none()
    if scope_of(user).jobs:
        return Job.objects.all()
    return Job.objects.filter(asked_by_id=user.pk)


def own(user: AnyUser) -> QuerySet[Job]:
    """Return the jobs that `user` may answer questions of: a job runs with its owner's rights."""
    found = visible(user)
    if getattr(user, "is_superuser", False):
        return found
    return found.filter(asked_by_id=user.pk if user is not None else None)


def may_fetch(job: Job, user: AnyUser) -> bool:
    """Return whether `user` may have the file: all devices in it must be visible still.

    Of what names none (what was found on a broker, lines that could not be imported) nobody
    knows whose it is but who asked for it.
    """
    scope = scope_of(user)
    devices = set(job.options.get("devices", []))
    if not devices:
        theirs = user is not None and job.asked_by_id == user.pk
        return theirs or bool(getattr(user, "is_superuser", False))
    return scope.everything or devices <= set(scope.devices().values_list("pk", flat=True))


def ask(
    kind: str,
    title: str,
    options: dict[str, object],
    user: AnyUser,
    state: str = Job.State.WAITING,
) -> Job:
    """Ask for a job.

    Raises:
        TooManyJobs: `MAX_OPEN` of this person's wait or run, or their files take too much.
    """
    pk = user.pk if user is not None else None
    open_states = [Job.State.WAITING, Job.State.RUNNING, Job.State.ASKING]
    if Job.objects.filter(asked_by_id=pk, state__in=open_states).count() >= MAX_OPEN:
        raise TooManyJobs(f"{MAX_OPEN} jobs of yours wait or run; cancel one, or wait")
    kept = JobPart.objects.filter(job__asked_by_id=pk).aggregate(bytes=Sum("size"))["bytes"] or 0
    if kept >= MAX_BYTES:
        raise TooManyJobs(
            f"your files take {kept // 1_000_000:,} MB, as much as they may; they go after "
            f"{settings.JOB_DAYS} days"
        )
    return Job.objects.create(
        kind=kind, title=title[:200], options=options, asked_by_id=pk, state=state
    )


def cancel(job: Job) -> bool:
    """Cancel a job; return whether it was still to be cancelled."""
    resting = Job.objects.filter(pk=job.pk, state__in=[Job.State.WAITING, Job.State.ASKING])
    if resting.update(state=Job.State.CANCELLED, cancel=True, ended_at=Now()):
        return True
    return bool(Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel=True))
