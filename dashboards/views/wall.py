"""The wall page of a site: readable across a room, for a year, with nobody logged in."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from dashboards.live.identity import KIOSK_COOKIE
from dashboards.presentation import alarms as presentation
from dashboards.presentation import device_rows
from devices.access import Scope, kiosks, scope_of, site_and_below, throttle
from devices.alarms import listing as listing_of_alarms
from devices.models import Device, Site
from devices.monitoring import heartbeats
from devices.registry import listing
from devices.registry.states import STATES, State, since_of, state_of

# Devices that are told by name: those that are worst.
WORST = 12
# Devices that have a tile with their newest values.
TILES = 24
# Alarms: the worst is the largest thing, the others stand below it.
ALARMS = 6
TEN_YEARS = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Trouble:
    """A device that is not as it should be."""

    device: Device
    state: State
    since: datetime | None


def wall_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a site in large letters; with `fragment` only what changes."""
    scope = _scope(request)
    if scope is None:
        return redirect_to_login(request.get_full_path())
    site = Site.objects.filter(slug=slug).first()
    if site is None or not scope.may_see(site):
        raise Http404(gettext("There is no such site, or you may not see it."))
    template = "partials/wall.html" if "fragment" in request.GET else "wall/wall.html"
    return render(request, f"dashboards/{template}", _content(scope, site))


def _scope(request: HttpRequest) -> Scope | None:
    """Return what a person, or else the kiosk that this screen is, may see; None: neither."""
    if request.user.is_authenticated:
        return scope_of(request.user)
    kiosk = kiosks.kiosk_of(request.COOKIES.get(KIOSK_COOKIE, ""))
    return None if kiosk is None else kiosks.scope_of_kiosk(kiosk)


def _content(scope: Scope, site: Site) -> dict[str, object]:
    as_of, sites = heartbeats.as_of(), site_and_below(site.pk)
    devices = listing.accepted(scope.devices()).filter(site__in=sites)
    first = list(listing.worst_first(devices, as_of)[:TILES])
    worst = [
        Trouble(device, state_of(device, as_of), _second(since_of(device, as_of)))
        for device in first[:WORST]
    ]
    fleet = listing.fleet(as_of)
    here = listing.total({str(pk): fleet[pk] for pk in sites if pk in fleet})
    counts = {state: here[state] for state in STATES if state != "unknown" or here[state]}
    troubles = [trouble for trouble in worst if trouble.state not in {"online", "unknown"}]
    alarms = list(
        presentation.worst_first(
            listing_of_alarms.on(scope).filter(device__site__in=sites).exclude(severity="info")
        )[:ALARMS]
    )
    return {
        "alarms": alarms,
        "now": as_of.now,
        "as_of": as_of,
        "site": site,
        "counts": counts,
        "total": sum(counts.values()),
        "troubles": troubles,
        "rows": device_rows.rows_of(first, as_of),
        # The worst is told in large letters, unless nothing is known.
        "listed": troubles[1:] if as_of.ingest_up and not alarms else troubles,
        "unknown": here["unknown"],
    }


def _second(moment: datetime | None) -> datetime | None:
    """Return a moment to the second: nobody reads more across a room."""
    return None if moment is None else moment.replace(microsecond=0)


def kiosk_page(request: HttpRequest, code: str) -> HttpResponse:
    """Enrol the screen that opens this: asked first, as programs that preview links come too."""
    address = throttle.address_of(request)
    if throttle.wait_of("code", address):
        words = gettext("Too many wrong codes came from here. Wait for some minutes.")
        raise PermissionDenied(words)
    kiosk = kiosks.waiting(code)
    if kiosk is None:
        throttle.failed("code", address)
        throttle.log("code", address)
        raise PermissionDenied(gettext("This code is wrong, was used, or is older than a day."))
    if request.method != "POST":
        return render(request, "dashboards/wall/kiosk.html", {"kiosk": kiosk})
    answer = redirect("wall", kiosk.site.slug)
    answer.set_cookie(
        KIOSK_COOKIE,
        kiosks.enrol(kiosk),
        max_age=TEN_YEARS,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return answer
