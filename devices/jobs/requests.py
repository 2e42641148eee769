"""Who may ask for, see, fetch and cancel a job: whoever asked, and who may see all jobs."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from devices.access import scope_of
from devices.models import Job
from devices.models.accounts import AnyUser

# Jobs of one person that wait or run.
MAX_OPEN = 10


class TooManyJobs(Exception):
    """A person has asked for more than is let in at once."""


def visible(user: AnyUser) -> QuerySet[Job]:
    """Return the jobs that `user` may see and cancel."""
    if user is None or not user.is_authenticated or not user.is_active:
        return Job.objects.none()
    if scope_of(user).jobs:
        return Job.objects.all()
    return Job.objects.filter(asked_by_id=user.pk)


def may_fetch(job: Job, user: AnyUser) -> bool:
    """Return whether `user` may have the file: all devices in it must be visible still."""
    scope = scope_of(user)
    devices = set(job.options.get("devices", []))
    if scope.everything or not devices:
        return True
    return devices <= set(scope.devices().values_list("pk", flat=True))


def ask(
    kind: str,
    title: str,
    options: dict[str, object],
    user: AnyUser,
    state: str = Job.State.WAITING,
) -> Job:
    """Ask for a job.

    Raises:
        TooManyJobs: `MAX_OPEN` of this person's wait or run.
    """
    pk = user.pk if user is not None else None
    open_states = [Job.State.WAITING, Job.State.RUNNING, Job.State.ASKING]
    if Job.objects.filter(asked_by_id=pk, state__in=open_states).count() >= MAX_OPEN:
        raise TooManyJobs(f"{MAX_OPEN} jobs of yours wait or run; cancel one, or wait")
    return Job.objects.create(
        kind=kind, title=title[:200], options=options, asked_by_id=pk, state=state
    )


def cancel(job: Job) -> bool:
    """Cancel a job; return whether it was still to be cancelled."""
    resting = Job.objects.filter(pk=job.pk, state__in=[Job.State.WAITING, Job.State.ASKING])
    if resting.update(state=Job.State.CANCELLED, cancel=True, ended_at=Now()):
        return True
    return bool(Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel=True))
