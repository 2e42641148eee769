"""The page on which operators mark readings as bad or deleted, and take it back."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.presentation import units
from devices import corrections, queries
from devices.access import scope_of
from devices.corrections import CannotCorrect
from devices.models import Correction, Device
from devices.queries import QueryTooLong, SeriesInfo
from devices.timestamps import moment, parse_moment
from devices.whole_numbers import whole_number

# Corrections that a page lists, and readings that a preview shows.
LISTED, SHOWN = 50, 20


@dataclass(slots=True)
class Span:
    """What somebody asks for: a span of a metric, with what is wrong about it by field."""

    metric: str = ""
    since: str = ""
    until: str = ""
    info: SeriesInfo | None = None
    since_us: int = 0
    until_us: int = 0
    errors: dict[str, str] = field(default_factory=dict)


@login_required
def corrections_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show what is marked on a device; preview, make or undo a mark."""
    caller = scope_of(request.user)
    device = caller.devices().filter(key=key).first()
    if device is None:
        raise Http404(gettext("There is no such device, or you may not see it."))
    may_change = caller.may_change(device)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        return _act(request, device)
    return _show(request, device, _span(request.GET, device), may_change=may_change)


def _show(
    request: HttpRequest, device: Device, span: Span, *, may_change: bool, status: int = 200
) -> HttpResponse:
    listed = Correction.objects.filter(series__device=device).select_related(
        "series", "made_by", "undone_by"
    )
    context: dict[str, Any] = {
        "now": timezone.now(),
        "device": device,
        "may_change": may_change,
        "metrics": [info.metric for info in queries.series_of([device.pk])],
        "span": span,
        "kinds": Correction.Kind.choices,
        "kind": request.POST.get("kind", Correction.Kind.BAD),
        "reason": request.POST.get("reason", ""),
        "listed": [(made, corrections.may_be_undone(made)) for made in listed[:LISTED]],
    }
    if may_change and span.info and span.since and not span.errors.keys() - {"kind", "reason"}:
        try:
            with queries.read_snapshot():
                found = corrections.preview(span.info.pk, span.since_us, span.until_us)
                rows = queries.rows(span.info, span.since_us, span.until_us, SHOWN)
            how = units.shown(span.info)
            context |= {
                "preview": found,
                "low": how.text(found.low),
                "high": how.text(found.high),
                "unit": how.unit,
                "rows": [(ts, how.text(value)) for ts, value in rows],
            }
        except QueryTooLong:
            span.errors["to"] = gettext("so many readings cannot be counted; mark a shorter span")
    return render(request, "dashboards/devices/corrections.html", context, status=status)


def _act(request: HttpRequest, device: Device) -> HttpResponse:
    """Make or undo a mark; what is refused is said on the page."""
    where = reverse("corrections", args=[device.key])
    if undone := request.POST.get("undo"):
        mark = get_object_or_404(Correction, pk=whole_number(undone) or 0, series__device=device)
        try:
            corrections.undo(mark, request.user)
        except CannotCorrect as error:
            messages.error(request, gettext("Not undone: %(error)s.") % {"error": error})
        else:
            messages.success(request, gettext("Undone: these readings count again."))
        return redirect(where)
    span = _span(request.POST, device)
    if span.info is not None and not span.errors:
        kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
        try:
            corrections.correct(
                span.info.pk, span.since_us, span.until_us, kind, reason, request.user
            )
        except CannotCorrect as error:
            span.errors[error.parameter] = str(error)
        else:
            messages.success(request, gettext("Marked. It can be undone for 7 days."))
            return redirect(where)
    return _show(request, device, span, may_change=True, status=422)


def _span(given: QueryDict, device: Device) -> Span:
    """Read metric, from and to; nothing given is nothing wrong."""
    span = Span(given.get("metric", ""), given.get("from", "").strip(), given.get("to", "").strip())
    if not (span.metric or span.since or span.until):
        return span
    found = {info.metric: info for info in queries.series_of([device.pk])}
    span.info = found.get(span.metric)
    if span.info is None:
        span.errors["metric"] = gettext("choose one of the device's metrics")
    span.until = span.until or span.since
    for name, text in (("from", span.since), ("to", span.until)):
        if name == "to" and text == span.since and span.errors.get("from"):
            continue
        try:
            ts = parse_moment(text, timezone.get_current_timezone())
        except ValueError as error:
            span.errors[name] = str(error)
            continue
        if name == "from":
            span.since, span.since_us = _written(ts), ts
        else:
            span.until, span.until_us = _written(ts), ts
    if not span.errors and span.since_us > span.until_us:
        span.errors["from"] = gettext("from must not be later than to")
    return span


def _written(ts: int) -> str:
    """Return a time (µs) as people may change it: 2026-11-20T13:00:00.500+01:00."""
    return timezone.localtime(moment(ts)).isoformat().replace("+00:00", "Z")


def marks_of(device: Device) -> list[Correction]:
    """Return the newest marks on a device that hold."""
    marks = Correction.objects.filter(series__device=device, undone_at=None)
    return list(marks.select_related("series")[: LISTED * 4])
