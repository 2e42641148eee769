"""Alarms as pages: what is on, what was, and what people do about it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop, ngettext

from dashboards.presentation import alarms as presentation
from dashboards.presentation.csv_lines import lines
from devices.access import Scope, scope_of
from devices.alarms import answering, listing
from devices.alarms.models import Alarm, Severity
from devices.models import Site
from devices.monitoring import heartbeats
from devices.timestamps import moment
from devices.whole_numbers import whole_number

PAGE_SIZE, ROWS = 100, 100_000
# What is listed -> what that is called.
STATES = {"on": gettext_noop("on"), "shelved": gettext_noop("shelved"), "all": gettext_noop("all")}
# For how many hours something may be put on the shelf.
SHELVES = (1, 8, 24, 168)


@login_required
def alarms_page(request: HttpRequest) -> HttpResponse:
    """List alarms, worst first, or the newest first where those that are over are listed too."""
    scope = scope_of(request.user)
    if request.method == "POST":
        return _answer(request, scope)
    found, given = _wanted(request, scope)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    sites = Site.objects.order_by("name")
    context = {
        "page": page,
        "rows": rows_of(page.object_list, scope),
        "given": given,
        "states": [(name, gettext(words)) for name, words in STATES.items()],
        "severities": [(name, Severity(name).label) for name in presentation.SEVERITIES],
        "counts": presentation.counts(listing.visible(scope)),
        "sites": sites if scope.everything else sites.filter(pk__in=scope.sites),
        "shelves": SHELVES,
        "now": timezone.now(),
        # What cannot be heard raises nothing.
        "is_blind": heartbeats.ingest_health()["state"] != "up",
        "any_rule": listing.rules(scope).exists(),
        "may_edit": scope.may_import,
    }
    name = "partials/alarms.html" if "fragment" in request.GET else "alarms/list.html"
    return render(request, f"dashboards/{name}", context)


def rows_of(alarms: Any, scope: Scope) -> list[dict[str, Any]]:
    """Return what templates show of each alarm."""
    return [
        {
            "alarm": alarm,
            "state": listing.state_of(alarm),
            "may_answer": listing.may_answer(alarm, scope),
        }
        for alarm in alarms
    ]


def _wanted(request: HttpRequest, scope: Scope) -> tuple[QuerySet[Alarm], dict[str, str]]:
    """Return the alarms that the address asks for, and what it asks."""
    given = {name: request.GET.get(name, "")[:200] for name in ("severity", "site", "device", "q")}
    state = request.GET.get("state", "")
    given["state"] = state if state in STATES else "on"
    found = listing.visible(scope)
    if given["state"] == "on":
        found = found.filter(listing.on_q()).exclude(listing.shelved_q())
    elif given["state"] == "shelved":
        found = found.filter(listing.on_q()).filter(listing.shelved_q())
    if given["severity"]:
        found = found.filter(severity=given["severity"])
    if given["device"]:
        found = found.filter(device__key=given["device"])
    if given["q"]:
        found = found.filter(rule_name__icontains=given["q"])
    if given["site"]:
        site = Site.objects.filter(slug=given["site"]).first()
        known = site is not None and scope.may_see(site)
        below = presentation.sites_of(site) if known and site is not None else set()
        found = found.filter(device__site__in=below)
    is_on = given["state"] == "on"
    return presentation.worst_first(found) if is_on else found.order_by("-since", "-pk"), given


@login_required
def alarm_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show one alarm with everything that happened to it, and answer it."""
    scope = scope_of(request.user)
    alarm = listing.visible(scope).filter(pk=number).first()
    if alarm is None:
        raise Http404(gettext("There is no such alarm, or you may not see it."))
    context = {
        **rows_of([alarm], scope)[0],
        "device": alarm.device,
        "events": alarm.events.all()[:500],
        "episodes": alarm.episodes.order_by("-since")[:100],
        "shelves": SHELVES,
        "now": timezone.now(),
        # A quarter of an hour on both sides.
        "around": (alarm.since - 900_000_000, (alarm.until or alarm.since) + 900_000_000),
        "may_see_rule": alarm.rule is not None and listing.rules(scope).contains(alarm.rule),
    }
    return render(request, "dashboards/alarms/detail.html", context)


def _answer(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Do to the chosen alarms what the form says; all of them, or nothing."""
    numbers = [whole_number(text) or 0 for text in request.POST.getlist("alarm")[:500]]
    alarms = list(listing.visible(scope).filter(pk__in=numbers))
    if not all(listing.may_answer(alarm, scope) for alarm in alarms):
        raise PermissionDenied
    try:
        _do(request, alarms)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    where = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(where, {request.get_host()}, request.is_secure())
    return redirect(where if is_ours else "alarms")


def _do(request: HttpRequest, alarms: list[Alarm]) -> None:
    note = request.POST.get("note", "")
    if not alarms:
        messages.warning(request, gettext("Choose alarms first."))
    elif request.POST.get("do") == "shelve":
        hours = whole_number(request.POST.get("hours", ""), 24 * 31) or 1
        until = timezone.now() + timedelta(hours=hours)
        n = answering.shelve(alarms, request.user, until, note)
        words = ngettext("%(n)s alarm is shelved.", "%(n)s alarms are shelved.", n)
        messages.success(request, words % {"n": n})
    elif request.POST.get("do") == "unshelve":
        n = answering.unshelve(alarms, request.user)
        words = ngettext("%(n)s alarm is back.", "%(n)s alarms are back.", n)
        messages.success(request, words % {"n": n})
    else:
        n = answering.acknowledge(alarms, request.user, note)
        words = ngettext("%(n)s alarm acknowledged.", "%(n)s alarms acknowledged.", n)
        messages.success(request, words % {"n": n})


@login_required
def alarms_file(request: HttpRequest) -> StreamingHttpResponse:
    """Send what the page lists as CSV."""
    found, _given = _wanted(request, scope_of(request.user))
    rows = _cells(found[:ROWS])
    answer = StreamingHttpResponse(lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="alarms.csv"'
    return answer


def _cells(alarms: QuerySet[Alarm]) -> Iterator[list[str]]:
    yield [
        *("since", "until", "seconds", "severity", "state", "device", "site", "metric", "value"),
        *("rule", "text", "times", "acknowledged", "by", "answered_after_s"),
    ]
    for alarm in alarms.iterator(chunk_size=500):
        until, answered = alarm.until, alarm.acknowledged_at
        site = alarm.device.site
        yield [
            moment(alarm.since).isoformat(),
            "" if until is None else moment(until).isoformat(),
            "" if until is None else str(round((until - alarm.since) / 1e6)),
            alarm.severity,
            listing.state_of(alarm),
            alarm.device.key,
            site.slug if site is not None else "",
            alarm.metric,
            alarm.value,
            alarm.rule_name,
            alarm.text,
            str(alarm.times),
            "" if answered is None else answered.isoformat(),
            str(alarm.acknowledged_by or ""),
            "" if answered is None else str(round((answered - alarm.noticed_at).total_seconds())),
        ]
