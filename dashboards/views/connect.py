"""The page on which what a broker carries is found, looked at and accepted."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from devices import source_port
from devices.broker_addresses import EXAMPLE, parse, uses_embedded
from devices.jobs import files, requests
from devices.jobs.requests import TooManyJobs
from devices.models import Broker, Job
from devices.registry import brokers
from devices.whole_numbers import whole_number

KIND = "discover"
SECONDS = (15, 60, 300)
# What stands for a broker that is to be added; no name of one.
ANOTHER = "+"
# Of each proposal.
DEVICES, VALUES, TEMPLATES = 6, 4, 12


def _first() -> str:
    """Return what the broker of the settings is called."""
    if uses_embedded():
        return gettext("The embedded broker")
    return parse(settings.MQTT_URL).text


class AddressForm(forms.Form):
    """A broker that nobody has added yet; `added` is what it became."""

    added: Broker
    may_change = False
    # The fields are hidden while another broker is chosen.
    use_required_attribute = False

    addresses = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=1_000,
        widget=forms.TextInput(attrs={"placeholder": EXAMPLE, "inputmode": "url"}),
    )
    username = forms.CharField(label=gettext_lazy("User"), max_length=200, required=False)
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=1_000,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """Keep the broker, switched off until something of it is read."""
        given = dict(super().clean() or {})
        if not self.errors:
            try:
                told = [given[name] for name in self.fields]
                self.added = brokers.add(*told, may_change=self.may_change)
            except ValidationError as error:
                for name, words in error.message_dict.items():
                    self.add_error(name if name in self.fields else None, words)
        return given


@login_required
def connect_page(request: HttpRequest) -> HttpResponse:
    """Listen at the broker, and make Sources of what is chosen."""
    if not request.user.has_perm("devices.add_source"):
        raise PermissionDenied
    job = Job.objects.filter(kind=KIND).order_by("-pk").first()
    form = None
    if request.method == "POST":
        if "listen" not in request.POST:
            _accept(request, job)
        elif job is None or not job.is_open:
            form = _listen(request)
        if form is None:
            return redirect("connect")
    context = {
        "now": timezone.now(),
        "job": job,
        "seconds": SECONDS,
        "proposals": _shown(job),
        "form": form or AddressForm(),
        "first": _first(),
        "brokers": Broker.objects.all(),
        "chosen": ANOTHER if form else (job.options.get("broker", "") if job else ""),
        "another": ANOTHER,
    }
    name = "partials/proposals.html" if "fragment" in request.GET else "connect.html"
    return render(request, f"dashboards/{name}", context, status=400 if form else 200)


def _listen(request: HttpRequest) -> AddressForm | None:
    """Ask for a job that listens; return the form where something is wrong with it."""
    asked = request.POST.get("seconds", "")
    seconds = int(asked) if asked in map(str, SECONDS) else SECONDS[0]
    broker = request.POST.get("broker", "")
    if broker == ANOTHER:
        if not request.user.has_perm("devices.add_broker"):
            raise PermissionDenied
        form = AddressForm(request.POST)
        form.may_change = request.user.has_perm("devices.change_broker")
        if not form.is_valid():
            return form
        broker = form.added.name
    elif broker and not Broker.objects.filter(name=broker).exists():
        messages.error(request, gettext("That broker was deleted meanwhile."))
        return None
    title = broker or gettext("the broker")
    try:
        requests.ask(KIND, title, {"seconds": seconds, "broker": broker}, request.user)
    except TooManyJobs as error:
        messages.error(request, str(error))
    return None


def _accept(request: HttpRequest, job: Job | None) -> None:
    found = _proposals(job)
    chosen = [found[place] for place in map(_place, request.POST.getlist("use")) if place in found]
    if not chosen:
        messages.error(request, gettext("Choose what is to be read."))
        return
    broker = str(job.options.get("broker", "")) if job else ""
    is_off = Broker.objects.filter(name=broker, enabled=False).exists()
    if is_off and not request.user.has_perm("devices.change_broker"):
        messages.error(request, gettext("That broker is switched off, and you may not change it."))
        return
    try:
        may_change = request.user.has_perm("devices.change_source")
        names = source_port.port().accept(chosen, broker, may_change=may_change)
    except Broker.DoesNotExist:
        messages.error(request, gettext("That broker was deleted meanwhile."))
        return
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return
    told = gettext("These are read from now on: %(names)s. Devices appear within seconds.")
    messages.success(request, told % {"names": ", ".join(names)})


def _place(text: str) -> int:
    found = whole_number(text, 99_999)
    return -1 if found is None else found


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
