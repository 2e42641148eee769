"""The pages of boards."""

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from dashboards.boards import automatic, rendering, rights
from dashboards.models import Board
from dashboards.presentation import device_rows, site_tree
from devices.access import Scope, scope_of
from devices.models import Device
from devices.monitoring import heartbeats
from devices.registry import listing
from devices.registry.states import STATES

# Of those that people made; the others are found by search.
LISTED = 500


@login_required
def boards_page(request: HttpRequest) -> HttpResponse:
    """List the boards: sites with their counts, device types, devices without a site."""
    scope, as_of = scope_of(request.user), heartbeats.as_of()
    counts = listing.fleet_of(scope, listing.fleet(as_of))
    types = listing.accepted(scope.devices()).exclude(device_type="").values("device_type")
    unsited = counts.get("")
    context = {
        "now": as_of.now,
        "sites": site_tree.listed(scope, counts),
        "unsited": unsited if unsited and any(unsited[state] for state in STATES) else None,
        "types": types.annotate(n=Count("pk")).order_by("device_type"),
        "states": STATES,
        "may_make": rights.may_make(request.user, scope),
        "boards": _folders(rights.readable(request.user, scope)),
    }
    return render(request, "dashboards/boards/list.html", context)


def _folders(boards: QuerySet[Board]) -> list[dict[str, Any]]:
    """Return boards by the site that they are listed at; those of none first."""

    def folder(board: Board) -> str:
        return board.site.name if board.site else ""

    found = sorted(boards[:LISTED], key=lambda board: (folder(board), board.title.lower()))
    return [{"grouper": name, "list": list(group)} for name, group in groupby(found, folder)]


@login_required
def site_board(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the board of a site, and the way to those below it."""
    scope = scope_of(request.user)
    counts = listing.fleet_of(scope, listing.fleet(heartbeats.as_of()))
    sites = site_tree.listed(scope, counts)
    found = next((one for one in sites if one.site.slug == slug), None)
    if found is None:
        raise Http404(gettext("There is no such site, or you may not see it."))
    site = found.site
    children = [one for one in sites if one.site.parent == site]
    extra = {
        "site": site,
        "slugs": found.slugs,
        "children": children,
        "filter": urlencode({"site": site.slug}),
        "states": STATES,
        "source": f"site:{slug}",
        "may_run": scope.may_run(site, request.user),
    }
    devices = listing.at_site(scope.devices(), slug)
    return _board(request, scope, devices, {"title": site.name, **extra})


@login_required
def unsited_board(request: HttpRequest) -> HttpResponse:
    """Show the board of the devices that are at no site."""
    scope = scope_of(request.user)
    return _board(
        request,
        scope,
        listing.at_site(scope.devices(), ""),
        {"title": gettext("Without a site"), "slugs": " ", "source": "without-site"},
    )


@login_required
def type_board(request: HttpRequest) -> HttpResponse:
    """Show the board of the device type that `type` names; people choose any text for it."""
    scope, device_type = scope_of(request.user), request.GET.get("type", "")
    found = scope.devices().filter(device_type=device_type)
    if not listing.accepted(found).exists():
        raise Http404(gettext("There is no device of that type, or you may not see one."))
    context = {
        "title": device_type,
        "filter": urlencode({"device_type": device_type}),
        "source": f"type:{device_type}",
    }
    return _board(request, scope, found, context)


def _board(
    request: HttpRequest, scope: Scope, devices: QuerySet[Device], context: dict[str, Any]
) -> HttpResponse:
    as_of = heartbeats.as_of()
    board = automatic.automatic(devices, as_of)
    context |= {
        "now": as_of.now,
        "board": board,
        "placed": rendering.place(board.widgets, scope, as_of),
        **device_rows.chosen_range(request),
    }
    return render(request, "dashboards/boards/detail.html", context)
