"""A job's file over HTTP: in parts, and resumable (RFC 9110, section 14)."""

import re
from collections.abc import AsyncIterator
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext

from dashboards.read_pool import in_thread
from devices.exports.formats import TYPES
from devices.jobs import files, requests
from devices.models import Job

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def file_of(request: HttpRequest, number: int) -> HttpResponseBase:
    """Return the file of a job that is done, or the part of it that `Range` asks for.

    Raises:
        Http404: there is none, or this person may not have it (any more).
    """
    job = requests.visible(request.user).filter(pk=number, state=Job.State.DONE).first()
    if job is None or not requests.may_fetch(job, request.user):
        raise Http404(
            gettext("There is no file of job %(number)s, or you may not have it.")
            % {"number": number}
        )
    size = files.size(job.pk, files.OUT)
    if not size:
        raise Http404(gettext("Job %(number)s has no file.") % {"number": number})
    etag = f'"{job.pk}-{size}"'
    start, end = 0, size
    status, headers = 200, {"Accept-Ranges": "bytes", "ETag": etag}
    wanted = _range(request, etag, size)
    if wanted is not None:
        start, end = wanted
        if start >= end:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers |= {
        "Content-Length": str(end - start),
        "Content-Type": TYPES.get(job.options.get("format", "csv"), "text/csv; charset=utf-8"),
        "Content-Disposition": f'attachment; filename="{name_of(job)}"',
        # A proxy that gathers the whole of it would undo the waiting for the reader.
        "X-Accel-Buffering": "no",
    }
    return StreamingHttpResponse(_pieces(job.pk, start, end), status=status, headers=headers)


def name_of(job: Job) -> str:
    """Return what the file is called."""
    if job.kind == "import":
        return f"iotbridge-import-{job.pk}-errors.csv"
    return f"iotbridge-{job.pk}.{job.options.get('format', 'csv')}"


def _range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """Return from where to where (exclusive) is asked for; None: all of it."""
    found = _RANGE.match(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    end = min(size, int(last) + 1) if last else size
    return int(first), end


async def _pieces(job: int, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        found = await in_thread(partial(files.read, job, files.OUT, start))
        piece = found[: end - start]
        if not piece:
            return  # it was removed meanwhile: the reader sees that it is short
        start += len(piece)
        yield piece
