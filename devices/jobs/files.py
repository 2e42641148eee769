"""A job's files as rows of compressed parts.

A part is committed in the transaction that notes how far the job has come: a file is
whole after any crash, and every web process can serve it.
"""

import zlib
from collections.abc import Iterable, Iterator

from django.db.models import Max, Sum
from django.db.models.functions import Length

from devices.models import Job, JobPart

IN, OUT = JobPart.Role.IN, JobPart.Role.OUT
PART_BYTES = 1_000_000
# Fast, and still a sixth of the size: what exports hold repeats itself.
_LEVEL = 1


def append(job: int, role: str, data: bytes) -> None:
    """Append `data` to a file of job `job` (pk)."""
    start = size(job, role)
    for at in range(0, len(data), PART_BYTES):
        piece = data[at : at + PART_BYTES]
        JobPart.objects.create(
            job_id=job,
            role=role,
            start=start + at,
            size=len(piece),
            data=zlib.compress(piece, _LEVEL),
        )


def store(job: int, role: str, pieces: Iterable[bytes]) -> int:
    """Store a file from pieces of any size; return its length in bytes."""
    start = 0
    for piece in filter(None, pieces):
        JobPart.objects.create(
            job_id=job, role=role, start=start, size=len(piece), data=zlib.compress(piece, _LEVEL)
        )
        start += len(piece)
    return start


def size(job: int, role: str) -> int:
    """Return the length of a file in bytes."""
    last = JobPart.objects.filter(job_id=job, role=role).aggregate(start=Max("start"))["start"]
    if last is None:
        return 0
    part = JobPart.objects.only("start", "size").get(job_id=job, role=role, start=last)
    return part.start + part.size


def stored(job: int) -> int:
    """Return how many bytes all files of a job take in the database."""
    parts = JobPart.objects.filter(job_id=job).aggregate(bytes=Sum(Length("data")))
    return int(parts["bytes"] or 0)


def read(job: int, role: str, start: int) -> bytes:
    """Return the content from `start` to the end of the part that holds it; empty at the end."""
    parts = JobPart.objects.filter(job_id=job, role=role, start__lte=start)
    part = parts.order_by("-start").first()
    if part is None or start >= part.start + part.size:
        return b""
    return zlib.decompress(part.data)[start - part.start :]


def pieces(job: int, role: str, start: int = 0) -> Iterator[bytes]:
    """Yield the content from `start` on, a part at a time."""
    while piece := read(job, role, start):
        yield piece
        start += len(piece)


def remove_oldest(limit: int = 50) -> bool:
    """Remove parts of the files of the job that ended first; return whether there were any."""
    ended = [Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED]
    job = Job.objects.filter(state__in=ended, parts__isnull=False).order_by("ended_at").first()
    if job is None:
        return False
    remove(job.pk, limit=limit)
    if not JobPart.objects.filter(job=job).exists() and job.state == Job.State.DONE:
        Job.objects.filter(pk=job.pk).update(state=Job.State.EXPIRED)
    return True


def remove(job: int, role: str | None = None, limit: int = 50) -> int:
    """Remove at most `limit` parts of a job's files; return how many went."""
    parts = JobPart.objects.filter(job_id=job)
    if role is not None:
        parts = parts.filter(role=role)
    found = list(parts.values_list("pk", flat=True)[:limit])
    JobPart.objects.filter(pk__in=found).delete()
    return len(found)
