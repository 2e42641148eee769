"""Imports: upload a file, name its columns, start."""

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Body, Query, Router, Schema, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Problem
from dashboards.presentation.jobs import job_out
from devices.imports import uploads
from devices.imports.mapping import BadMapping
from devices.imports.uploads import BadUpload
from devices.jobs import requests
from devices.jobs.requests import TooManyJobs
from devices.models import Job

router = Router(tags=["jobs"])
_PIECE = 65_536


class Upload(Schema):
    """The file's name (its ending tells the format), and its one device, if it has one."""

    name: str = "upload.csv"
    device: str = ""


@router.post("", response={201: dict[str, Any]})
def upload(request: HttpRequest, given: Query[Upload]) -> Status[Any]:
    """Send a CSV or JSON Lines file as the body; answers a guess at its columns.

    Nothing is stored until the import is started.
    """
    if not scope(request).may_import:
        raise Problem(403, "Only operators may import.")
    try:
        job = uploads.upload(given.name, _pieces(request), given.device, request.user)
    except BadUpload as error:
        raise Problem(422, str(error), error.parameter) from error
    except TooManyJobs as error:
        raise Problem(429, str(error)) from error
    return Status(201, _told(job))


@router.post("/{int:number}/start", response={202: dict[str, Any]})
def start(request: HttpRequest, number: int, mapping: Body[dict[str, Any]]) -> Status[Any]:
    """Start an import; what `mapping` does not name stays as guessed."""
    job = requests.own(request.user).filter(pk=number, kind="import").first()
    if job is None:
        raise Http404(f"There is no import {number}, or you may not see it.")
    if job.state != Job.State.ASKING:
        raise Problem(409, f"import {number} was started already, or has ended")
    try:
        uploads.remap(job, mapping, may_create=scope(request).adds)
    except uploads.MayNotCreate as error:
        words = "Only people who may add devices anywhere may make them by an import."
        raise Problem(403, words, "create") from error
    except (BadMapping, TypeError) as error:
        raise Problem(422, str(error), getattr(error, "parameter", "mapping")) from error
    uploads.start(job)
    return Status(202, _told(Job.objects.get(pk=job.pk)))


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(_PIECE):
        yield piece


def _told(job: Job) -> dict[str, Any]:
    found = uploads.preview(job)
    lines = [
        {
            "line": line.number,
            "device": line.device,
            "values": [
                {
                    "metric": p.metric,
                    "ts": p.ts / 1_000,
                    "value": p.value if p.text is None else p.text,
                }
                for p in line.points
            ],
            "problems": [problem._asdict() for problem in line.problems],
        }
        for line in found.lines
    ]
    return {
        **job_out(job),
        "columns": found.columns,
        "mapping": found.mapping.options(),
        "preview": lines,
    }
