"""Jobs: ask for exports, watch, cancel, fetch the file."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Router, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem
from dashboards.presentation.jobs import job_out, jobs_of
from dashboards.presentation.ranged_file import file_of
from devices import queries
from devices.exports.request import BadExport, export_of
from devices.jobs import requests
from devices.jobs.requests import TooManyJobs
from devices.models import Job

router = Router(tags=["jobs"])
exports = Router(tags=["jobs"])


class ExportIn(Body):
    """What to export; times are ISO 8601 or ms since 1970."""

    keys: list[str]
    start: Annotated[str | float, Field(alias="from")] = ""
    end: Annotated[str | float, Field(alias="to")] = ""
    format: str = "csv"
    bucket: str = ""
    zone: str = "UTC"


@exports.post("", response={202: dict[str, Any]})
def export(request: HttpRequest, asked: ExportIn) -> Status[Any]:
    """Ask for an export. It is a job: watch it, then fetch its file."""
    job = ask_export(request, asked.keys, str(asked.start), str(asked.end), **_more(asked))
    return Status(202, job_out(job))


def _more(asked: ExportIn) -> dict[str, str]:
    return {"format": asked.format, "bucket": asked.bucket, "zone": asked.zone}


def ask_export(request: HttpRequest, keys: list[str], start: str, end: str, **more: str) -> Job:
    """Make an export job of what was asked for.

    Raises:
        Problem: names what is wrong.
    """
    now = queries.now_us()
    try:
        made = export_of(scope(request), keys, start, end, now=now, user=request.user.pk, **more)
        title = f"{', '.join(keys[:3])}{' …' if len(keys) > 3 else ''}"
        return requests.ask("export", title, made.options(), request.user)
    except BadExport as error:
        raise Problem(422, str(error), error.parameter) from error
    except TooManyJobs as error:
        raise Problem(429, str(error)) from error


@router.get("", response=dict[str, Any])
def jobs(request: HttpRequest) -> dict[str, Any]:
    """List the newest jobs: your own; all of them for staff."""
    return {"items": jobs_of(request.user)}


@router.get("/{int:number}", response=dict[str, Any])
def job(request: HttpRequest, number: int) -> dict[str, Any]:
    """Read how a job is."""
    return job_out(_find(request, number))


@router.post("/{int:number}/cancel", response=dict[str, Any])
def cancel(request: HttpRequest, number: int) -> dict[str, Any]:
    """Cancel a job that waits or runs."""
    found = _find(request, number)
    if not requests.cancel(found):
        raise Problem(409, f"job {number} has ended: {found.get_state_display()}")
    return job_out(_find(request, number))


@router.get("/{int:number}/file")
def file(request: HttpRequest, number: int) -> HttpResponseBase:
    """Fetch the file of a job that is done; `Range` goes on with a download."""
    return file_of(request, number)


def _find(request: HttpRequest, number: int) -> Job:
    found = requests.visible(request.user).filter(pk=number).first()
    if found is None:
        raise Http404(f"There is no job {number}, or you may not see it.")
    return found
