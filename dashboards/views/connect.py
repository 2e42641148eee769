"""The page on which what a broker carries is found, looked at and accepted."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext

from devices import source_checks
from devices.jobs import files, requests
from devices.jobs.requests import TooManyJobs
from devices.models import Job

KIND = "discover"
SECONDS = (15, 60, 300)
# Of each proposal.
DEVICES, VALUES, TEMPLATES = 6, 4, 12


@login_required
def connect_page(request: HttpRequest) -> HttpResponse:
    """Listen at the broker, and make Sources of what is chosen."""
    if not request.user.has_perm("devices.add_source"):
        raise PermissionDenied
    job = Job.objects.filter(kind=KIND).order_by("-pk").first()
    if request.method == "POST":
        if "listen" not in request.POST:
            _accept(request, job)
        elif job is None or not job.is_open:
            _listen(request)
        return redirect("connect")
    context = {"now": timezone.now(), "job": job, "seconds": SECONDS, "proposals": _shown(job)}
    name = "partials/proposals.html" if "fragment" in request.GET else "connect.html"
    return render(request, f"dashboards/{name}", context)


def _listen(request: HttpRequest) -> None:
    asked = request.POST.get("seconds", "")
    seconds = int(asked) if asked in map(str, SECONDS) else SECONDS[0]
    try:
        requests.ask(KIND, gettext("the broker"), {"seconds": seconds}, request.user)
    except TooManyJobs as error:
        messages.error(request, str(error))


def _accept(request: HttpRequest, job: Job | None) -> None:
    found = _proposals(job)
    chosen = [found[place] for place in map(_place, request.POST.getlist("use")) if place in found]
    if not chosen:
        messages.error(request, gettext("Choose what is to be read."))
        return
    try:
        names = source_checks.accept(chosen)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return
    told = gettext("These are read from now on: %(names)s. Devices appear within seconds.")
    messages.success(request, told % {"names": ", ".join(names)})


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1


def _proposals(job: Job | None) -> dict[int, dict[str, Any]]:
    """Return what a finished job has found, by place."""
    if job is None or job.state != Job.State.DONE:
        return {}
    content = b"".join(files.pieces(job.pk, files.OUT))
    return dict(enumerate(json.loads(content))) if content else {}


def _name(device: dict[str, Any]) -> str:
    return str(device["name"]).casefold()


def _shown(job: Job | None) -> list[dict[str, Any]]:
    """Return proposals as the page shows them: some devices, some values."""
    return [
        {
            **one,
            "place": place,
            "more_devices": max(0, len(one["devices"]) - DEVICES),
            "more_templates": max(0, len(one["templates"]) - TEMPLATES),
            "templates": one["templates"][:TEMPLATES],
            "devices": [
                {**device, "values": list(device["values"].items())[:VALUES]}
                for device in sorted(one["devices"], key=_name)[:DEVICES]
            ],
        }
        for place, one in _proposals(job).items()
    ]
