"""The pages: complete without JavaScript, then kept live by it."""

from dataclasses import asdict, fields
from pathlib import Path
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles.finders import find
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from dashboards.presentation import alarms as alarm_presentation
from dashboards.presentation import device_rows, health, site_tree, snippets
from dashboards.presentation.formats import age_of
from dashboards.presentation.last_known import known_of
from dashboards.views import saved_views
from dashboards.views.alarms import rows_of
from dashboards.views.corrections import marks_of
from dashboards.views.pending import sites_managed
from devices import queries
from devices.access import Scope, scope_of
from devices.models import Device, Series, Tag
from devices.monitoring import heartbeats, losses
from devices.monitoring.unknown_units import unknown_units
from devices.registry import device_clocks, listing, undecoded
from devices.registry.states import STATES, since_of, state_of
from devices.timestamps import moment

DAY_US = 86_400_000_000
ROWS, TILES, SITES = "rows", "tiles", "sites"
# How the overview shows devices -> what that is called, and its icon.
VIEWS = {
    ROWS: (gettext_noop("Rows"), "rows-3"),
    TILES: (gettext_noop("Tiles"), "layout-grid"),
    SITES: (gettext_noop("Sites"), "building-2"),
}
# Metrics as columns of the overview; those that are offered for it.
COLUMNS, OFFERED = 6, 200
# Spans of being offline that charts show.
OFFLINE = 50


@login_required
def overview_page(request: HttpRequest) -> HttpResponse:
    """List devices, worst first, 100 a page; with `fragment` only the list."""
    as_of, scope = heartbeats.as_of(), scope_of(request.user)
    names = {field.name for field in fields(listing.Filters)}
    chosen = {name: request.GET[name] for name in names if request.GET.get(name)}
    filters = listing.Filters(**chosen)
    sort, metrics = request.GET.get("sort", "")[:210], _metrics(request)
    devices = listing.ordered(filters.apply(scope.devices(), as_of), as_of, sort)
    page = Paginator(devices, listing.PAGE_SIZE).get_page(request.GET.get("page"))
    summary = device_rows.fleet_summary(scope, as_of)
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ROWS
    sites = site_tree.listed(scope, summary["sites"])
    shown = [("metric", metric) for metric in metrics]
    kept = [*chosen.items(), *shown, *([("sort", sort)] if sort else [])]
    rows = [] if view == SITES else device_rows.rows_of(list(page.object_list), as_of, metrics)
    context = {
        "now": as_of.now,
        "page": page,
        "rows": rows,
        "metrics": metrics,
        "known_metrics": _known_metrics(list(page.object_list)),
        "sort": sort,
        "sorting": view == ROWS,
        "choosing": view == ROWS and any(scope.may_change(row.device) for row in rows),
        "managed": sites_managed(scope),
        "saved": saved_views.seen_by(request.user),
        "may_share": saved_views.may_share(scope),
        "filters": asdict(filters),
        "filtered": bool(chosen),
        "query": urlencode(kept),
        "whole_query": urlencode([*kept, ("view", view)]),
        "view": view,
        "views": [(name, gettext(label), sign) for name, (label, sign) in VIEWS.items()],
        "may_accept": scope.changes or bool(scope.managed),
        "summary": summary,
        "empty": not sum(summary["total"].values()) - summary["total"]["pending"],
        "sites": site_tree.with_worst(sites, scope, as_of) if view == SITES else sites,
        "tags": Tag.objects.filter(devices__in=scope.devices()).distinct(),
        "types": scope.devices()
        .exclude(device_type="")
        .values_list("device_type", flat=True)
        .distinct()
        .order_by("device_type"),
        "states": STATES,
        "command": snippets.broker(request).command("devices/my-sensor/telemetry"),
        "asks": snippets.broker(request).asks,
    }
    template = "partials/devices.html" if "fragment" in request.GET else "devices/list.html"
    return render(request, f"dashboards/{template}", context)


def _metrics(request: HttpRequest) -> list[str]:
    """Return the metrics that somebody wants to see as columns."""
    return list(dict.fromkeys(name[:200] for name in request.GET.getlist("metric") if name))[
        :COLUMNS
    ]


def _known_metrics(devices: list[Device]) -> list[str]:
    """Return the metrics that devices of a page have, to be chosen as columns."""
    found = Series.objects.filter(device__in=[device.pk for device in devices], hidden=False)
    names = found.order_by("metric").values_list("metric", flat=True).distinct()
    return list(names[:OFFERED])


def device_of(request: HttpRequest, key: str) -> tuple[Device, Scope]:
    """Return the device at an address, and what this person may do.

    Raises:
        Http404: there is none that they may see.
    """
    scope = scope_of(request.user)
    device = scope.devices().select_related("site").filter(key=key).first()
    if device is None:
        raise Http404(gettext("There is no such device, or you may not see it."))
    return device, scope


@login_required
def device_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one device: state, newest values, a chart per series, the same as tables."""
    as_of = heartbeats.as_of()
    now = as_of.now
    device, scope = device_of(request, key)
    infos = queries.series_of([device.pk])
    shown = infos if "hidden" in request.GET else [info for info in infos if not info.hidden]
    metrics = device_rows.series_page(shown, request.GET.get("page"))
    context = {
        "now": now,
        "device": device,
        "state": state_of(device, as_of),
        "since": since_of(device, as_of),
        "seen": age_of(device.last_seen, now),
        "counts": getattr(device, "counts", None),
        "clock": device_clocks.note_of(device, now),
        "letter": undecoded.last_of(device.key),
        "metrics": metrics,
        "known": known_of([device.pk]).get(device.pk, []),
        "hidden": len(infos) - len(shown),
        "series": device_rows.series_views(list(metrics.object_list), now),
        "strip": device_rows.strip_of(list(metrics.object_list), infos),
        **device_rows.chosen_range(request),
        "may_change": scope.may_change(device),
        "marks": marks_of(device),
        "losses": list(device.losses.order_by("-until")[:10]),
        "gateway": device_rows.gateway_of(device, scope),
        "said": device_rows.changes_said(device),
        "offline": list(device.offline_spans.order_by("-since")[:OFFLINE]),
        "alarms": rows_of(alarm_presentation.on_device(device, scope), scope),
        "alarm_spans": alarm_presentation.spans_of(device),
        "at_qos0": device_rows.publishes_at_qos0(device),
    }
    return render(request, "dashboards/devices/detail.html", context)


@login_required
def status_page(request: HttpRequest) -> HttpResponse:
    """Show how every process and the pipeline are."""
    now, scope = timezone.now(), scope_of(request.user)
    found = heartbeats.processes()
    ingest = heartbeats.ingest_health(found)
    last, since = ingest["last_packet"], ingest["since"]
    shown = health.shown_to(scope, found)
    context = {
        "now": now,
        "health": ingest,
        "last_packet": None if last is None else moment(round(last * 1_000)),
        "down_since": None if since is None else moment(round(since * 1_000)),
        "conditions": shown.conditions,
        "processes": [
            {"process": process, "alive": heartbeats.is_alive(process)}
            for process in shown.processes
        ],
        "has_role": scope.has_role,
        # Of all sites together.
        "losses": losses.counted() if scope.packets else [],
        "summary": device_rows.fleet_summary(scope, heartbeats.as_of_health(ingest, now)),
        "unknown_units": unknown_units(scope),
    }
    template = "partials/processes.html" if "fragment" in request.GET else "status/status.html"
    return render(request, f"dashboards/{template}", context)


@login_required
def inspect_page(request: HttpRequest) -> HttpResponse:
    """Show the last packets, by device or topic filter; `inspect.js` fills it."""
    if not scope_of(request.user).packets:
        raise PermissionDenied
    context = {
        "device": request.GET.get("device", ""),
        "filter": request.GET.get("filter", ""),
    }
    return render(request, "dashboards/status/inspect.html", context)


def static_of_another_release(request: HttpRequest, path: str) -> HttpResponse:
    """Send a page of another release to the static files that there are now."""
    found = find(path)
    # One of this release that is not served: sent here again it would go round in circles.
    if request.path == static(path):
        found = None
    if not isinstance(found, str) or not Path(found).is_file():
        raise Http404(gettext("There is no such file."))
    answer = redirect(static(path))
    answer["Cache-Control"] = "no-store"
    return answer
