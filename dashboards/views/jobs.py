"""The pages on which exports are asked for, and jobs are watched."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST

from dashboards.middleware.time_zone import zone_name
from dashboards.presentation.jobs import listed
from dashboards.presentation.ranged_file import file_of
from devices import queries
from devices.access import scope_of
from devices.exports.request import FORMATS, BadExport, export_of
from devices.jobs import requests
from devices.jobs.requests import TooManyJobs
from devices.models import Device
from devices.queries.calendars import BUCKETS, zone_of
from devices.timestamps import parse_moment

# Metrics of a device that the form lists.
CHOICES = 200
# What calendar buckets are called, marked for translation.
BUCKET_WORDS = (_("hour"), _("day"), _("week"), _("month"), _("year"))


@login_required
def jobs_page(request: HttpRequest) -> HttpResponse:
    """List jobs with how far they are; `jobs.js` keeps them live."""
    scope = scope_of(request.user)
    context = {
        "now": timezone.now(),
        "may_import": scope.may_import,
        "jobs": listed(request.user),
        "all": scope.jobs,
        "job_days": settings.JOB_DAYS,
    }
    return render(request, "dashboards/jobs/list.html", context)


@login_required
def export_page(request: HttpRequest) -> HttpResponse:
    """Ask what to export; a POST makes the job."""
    if request.method == "POST":
        return _export(request)
    key = request.GET.get("device", "")
    device = scope_of(request.user).devices().filter(key=key).first() if key else None
    if key and device is None:
        raise Http404(gettext("There is no such device, or you may not see it."))
    given = {name: request.GET.get(name, "") for name in ("from", "to")}
    return _show(
        request,
        device,
        {**given, "format": "csv", "zone": zone_name(), "keys": []},
        {},
    )


def _in_zone(text: str, zone: str) -> str:
    """Return a time that names no zone as one of the export's zone, in ms; else as it stands."""
    try:
        return repr(parse_moment(text, zone_of(zone)) / 1_000)
    except ValueError:
        return text


def _export(request: HttpRequest) -> HttpResponse:
    names = ("from", "to", "format", "bucket", "zone")
    given: dict[str, Any] = {name: request.POST.get(name, "").strip() for name in names}
    given["keys"] = request.POST.getlist("keys")
    more = {name: given[name] for name in ("format", "bucket", "zone")}
    scope = scope_of(request.user)
    since, until = (_in_zone(given[name], given["zone"]) for name in ("from", "to"))
    try:
        made = export_of(
            *(scope, given["keys"], since, until),
            now=queries.now_us(),
            user=request.user.pk,
            **more,
        )
        job = requests.ask("export", _title(given["keys"]), made.options(), request.user)
    except BadExport as error:
        errors = {error.parameter: str(error)}
    except TooManyJobs as error:
        errors = {"job": str(error)}
    else:
        messages.success(
            request,
            gettext("Export %(pk)s has been queued; its file will appear here.") % {"pk": job.pk},
        )
        return redirect("jobs")
    device = scope.devices().filter(key=request.POST.get("device", "")).first()
    return _show(request, device, given, errors, status=422)


def _title(keys: list[str]) -> str:
    return "everything" if keys == ["*"] else ", ".join(keys)


def _show(
    request: HttpRequest,
    device: Device | None,
    given: dict[str, Any],
    errors: dict[str, str],
    status: int = 200,
) -> HttpResponse:
    infos = queries.series_of([device.pk])[:CHOICES] if device is not None else []
    chosen = set(given["keys"]) or {info.key for info in infos}
    context = {
        "now": timezone.now(),
        "device": device,
        "series": [(info, info.key in chosen) for info in infos],
        "given": given | {"since": given["from"]},
        "errors": errors,
        "formats": FORMATS,
        "buckets": BUCKETS,
    }
    return render(request, "dashboards/jobs/export.html", context, status=status)


@login_required
def job_file(request: HttpRequest, number: int) -> HttpResponseBase:
    """Fetch the file of a job that is done."""
    return file_of(request, number)


@login_required
@require_POST
def cancel_job(request: HttpRequest, number: int) -> HttpResponse:
    """Cancel a job that waits or runs."""
    job = requests.visible(request.user).filter(pk=number).first()
    if job is None:
        raise Http404(gettext("There is no such job, or you may not see it."))
    if requests.cancel(job):
        messages.success(
            request,
            gettext("%(kind)s %(pk)s is being cancelled.") % {"kind": job.kind, "pk": job.pk},
        )
    else:
        messages.error(
            request,
            gettext("%(kind)s %(pk)s has ended already.") % {"kind": job.kind, "pk": job.pk},
        )
    return redirect("jobs")
