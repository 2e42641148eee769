"""The pages on which files are uploaded, their columns named, and their import watched."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.middleware.time_zone import zone_name
from devices.access import scope_of
from devices.imports import uploads
from devices.imports.layout import DELIMITERS
from devices.imports.mapping import BadMapping
from devices.imports.uploads import BadUpload
from devices.jobs import requests
from devices.jobs.requests import TooManyJobs
from devices.models import Job
from devices.whole_numbers import whole_number


@login_required
def upload_page(request: HttpRequest) -> HttpResponse:
    """Take a file; its columns are named on the next page."""
    scope = scope_of(request.user)
    if not scope.may_import:
        raise PermissionDenied
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            job = _upload(request)
        except BadUpload as error:
            errors[error.parameter] = str(error)
        except TooManyJobs as error:
            errors["file"] = str(error)
        else:
            return redirect("import-job", job.pk)
    context = {
        "now": timezone.now(),
        "errors": errors,
        "device": request.POST.get("device", request.GET.get("device", "")),
        "import_mb": settings.IMPORT_MB,
    }
    return render(
        request, "dashboards/jobs/import_upload.html", context, status=422 if errors else 200
    )


def _upload(request: HttpRequest) -> Job:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise BadUpload("file: choose a file", "file")
    device = request.POST.get("device", "").strip()
    zone = zone_name()
    return uploads.upload(str(file.name), file.chunks(), device, request.user, zone)


@login_required
def import_page(request: HttpRequest, number: int) -> HttpResponse:
    """Name the columns with a preview, and start; later tell how it goes."""
    job = requests.own(request.user).filter(pk=number, kind="import").first()
    if job is None:
        raise Http404(gettext("There is no such import, or you may not see it."))
    if job.state != Job.State.ASKING:
        return _show(request, job, {})
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            given, may_create = _given(request.POST), scope_of(request.user).adds
            uploads.remap(job, given, may_create=may_create)
        except uploads.MayNotCreate as error:
            raise PermissionDenied from error
        except BadMapping as error:
            errors[error.parameter] = str(error)
        else:
            if "start" in request.POST:
                return _start(request, job)
    return _show(request, job, errors)


def _start(request: HttpRequest, job: Job) -> HttpResponse:
    uploads.start(job)
    messages.success(request, gettext("Import %(pk)s has been queued.") % {"pk": job.pk})
    return redirect("import-job", job.pk)


def _given(posted: QueryDict) -> dict[str, Any]:
    """Return a mapping's fields as the form has them."""
    names = ("delimiter", "zone", "order", "device", "fixed_device", "metric", "fixed_metric")
    more = ("value", "kind", "unit", "decimal")
    given: dict[str, Any] = {name: posted.get(name, "") for name in (*names, *more)}
    given["delimiter"] = given["delimiter"] or ","
    given["time"] = [name for name in posted.getlist("time") if name]
    given["metrics"] = [] if given["value"] else posted.getlist("metrics")
    given["missing"] = [text.strip() for text in posted.get("missing", "").split(",")]
    given["create"], given["units_line"] = "create" in posted, "units_line" in posted
    skipped = posted.get("skip_lines", "0").strip()
    # What is no number is refused by its name.
    number = whole_number(skipped)
    given["skip_lines"] = skipped if number is None else number
    return given


def _show(request: HttpRequest, job: Job, errors: dict[str, str]) -> HttpResponse:
    context: dict[str, Any] = {"now": timezone.now(), "job": job, "errors": errors}
    if job.state == Job.State.ASKING and "mapping" not in job.options:
        raise Http404(gettext("This file is still being uploaded."))
    if job.state == Job.State.ASKING:
        found = uploads.preview(job)
        context |= {
            "preview": found,
            "mapping": found.mapping,
            "time": [*found.mapping.time, "", ""][:2],
            "missing": ", ".join(found.mapping.missing),
            "delimiters": DELIMITERS,
            "may_create": scope_of(request.user).adds,
        }
    status = 422 if errors else 200
    return render(request, "dashboards/jobs/import_mapping.html", context, status=status)
