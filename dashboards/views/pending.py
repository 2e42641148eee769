"""Devices that wait: looked at, named, put into a site, accepted or rejected."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from dashboards.presentation import device_rows
from devices import registry
from devices.access import Scope, scope_of
from devices.models import Device, Site
from devices.monitoring import heartbeats

PAGE_SIZE = 50
NAME_LENGTH = 200


@login_required
def pending_page(request: HttpRequest) -> HttpResponse:
    """List the devices that wait to be accepted, with what they send."""
    scope = scope_of(request.user)
    if not (scope.changes or scope.managed):
        raise PermissionDenied
    if request.method == "POST":
        return _decide(request, scope)
    as_of = heartbeats.as_of()
    page = Paginator(_waiting(scope), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "now": as_of.now,
        "page": page,
        "rows": device_rows.rows_of(list(page.object_list), as_of),
        "sites": sites_managed(scope),
    }
    return render(request, "dashboards/devices/pending.html", context)


def sites_managed(scope: Scope) -> list[Site]:
    """Return the sites that this person may put devices into."""
    sites = Site.objects.order_by("name")
    return list(sites if scope.changes else sites.filter(pk__in=scope.managed))


def _waiting(scope: Scope) -> Any:
    devices = scope.devices().filter(pending=True)
    if not scope.changes:
        devices = devices.filter(site__in=scope.managed)
    return devices.select_related("site").order_by("-created_at", "key")


def _decide(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Accept or reject what was chosen; names and sites are those of the form."""
    keys = request.POST.getlist("device")[:PAGE_SIZE]
    devices = list(_waiting(scope).filter(key__in=keys))
    if request.POST.get("reject"):
        count = registry.reject(devices)
        words = ngettext("%(n)s device rejected.", "%(n)s devices rejected.", count)
        messages.warning(request, words % {"n": count})
        return redirect("pending")
    sites = {site.slug: site for site in sites_managed(scope)}
    with transaction.atomic():
        for device in devices:
            _take(request, device, sites)
        count = registry.accept(devices)
    words = ngettext("%(n)s device accepted.", "%(n)s devices accepted.", count)
    messages.success(request, words % {"n": count})
    return redirect("pending" if _waiting(scope).exists() else "overview")


def _take(request: HttpRequest, device: Device, sites: dict[str, Site]) -> None:
    """Give a device the name and site that were entered beside it."""
    name = request.POST.get(f"name:{device.key}", "").strip()[:NAME_LENGTH]
    site = sites.get(request.POST.get(f"site:{device.key}", ""))
    if name and name != device.name:
        device.name = name
    if site is not None:
        device.site = site
    device.save()
