"""Jobs as pages, the API and the socket tell them: one shape."""

from typing import Any

from django.db.models import QuerySet

from devices.jobs import requests
from devices.models import Job
from devices.models.accounts import AnyUser

LISTED = 50


def job_out(job: Job) -> dict[str, Any]:
    """Return a job as JSON has it; times in ms."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "percent": job.percent,
        "words": job.words,
        "asked_at": round(job.asked_at.timestamp() * 1_000),
        "ended_at": round(job.ended_at.timestamp() * 1_000) if job.ended_at else None,
        "result": job.result,
    }


def listed(user: AnyUser) -> QuerySet[Job]:
    """Return the newest jobs that `user` may see; options of a large one name 100,000 series."""
    return requests.visible(user).select_related("asked_by").defer("options", "position")[:LISTED]


def jobs_of(user: AnyUser) -> list[dict[str, Any]]:
    """Return the newest jobs that `user` may see."""
    return [job_out(job) for job in listed(user)]
