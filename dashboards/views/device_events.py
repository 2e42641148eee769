"""The page of everything that happened to a device."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from dashboards.logbook import places
from dashboards.presentation.device_events import EACH, Event, events_of
from dashboards.views.devices import device_of

PAGE_SIZE = 100


@login_required
def events_page(request: HttpRequest, key: str) -> HttpResponse:
    """List what happened to a device, and what people noted, the newest first."""
    device, scope = device_of(request, key)
    notes = places.visible(request.user, scope).filter(device=device, deleted_by="")
    found = [
        Event(
            round(note.made_at.timestamp() * 1e6),
            *("notebook-pen", gettext("noted"), note.text, note.author_name),
        )
        for note in notes[:EACH]
    ]
    found = sorted([*events_of(device), *found], key=lambda event: event.at, reverse=True)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"device": device, "page": page, "may_change": scope.may_change(device)}
    return render(request, "dashboards/devices/events.html", context)
