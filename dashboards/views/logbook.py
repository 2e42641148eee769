"""The logbook as a page, to be read, searched, printed and taken along."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from dashboards.logbook import places, reading, writing
from dashboards.models import Mention, Note
from dashboards.pictures import storing
from dashboards.pictures.errors import BadPicture
from dashboards.presentation.csv_lines import lines
from devices.access import Scope, scope_of
from devices.models import Site
from devices.whole_numbers import whole_number

PAGE_SIZE = 100
# Of a file; and how far back hours may go.
ROWS, MOST_HOURS = 100_000, 87_600
HOUR_MS = 3_600_000


@login_required
def logbook_page(request: HttpRequest) -> HttpResponse:
    """Show notes, newest first; write one where pages have no JavaScript."""
    scope = scope_of(request.user)
    if request.method == "POST":
        return _post(request, scope)
    notes, errors = _wanted(request, scope)
    page: Page[Note] = Paginator(notes, PAGE_SIZE).get_page(request.GET.get("page"))
    for note in page:
        note.place = places.place_of(note)  # type: ignore[attr-defined] # for the template
    sites = Site.objects.order_by("name")
    context = {
        "page": page,
        "errors": errors,
        "given": request.GET.dict(),
        "sites": sites if scope.everything else sites.filter(pk__in=scope.sites),
        "mentions": "mentions" in request.GET,
    }
    return render(request, "dashboards/logbook/logbook.html", context)


@login_required
def logbook_file(request: HttpRequest) -> StreamingHttpResponse:
    """Send what the page shows as CSV."""
    notes, _errors = _wanted(request, scope_of(request.user))
    answer = StreamingHttpResponse(
        lines(_cells(notes[:ROWS])), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="logbook.csv"'
    return answer


def _cells(notes: QuerySet[Note]) -> Iterator[list[str]]:
    yield ["at", "author", "of", "name", "from", "to", "metric", "answers", "text"]
    for note in notes.iterator(chunk_size=500):
        place = places.place_of(note)
        span = [_iso(note.since), _iso(note.until)]
        yield [
            *(note.made_at.isoformat(), note.author_name, place.kind, place.name, *span),
            *(note.metric, str(note.parent_id or ""), note.text),
        ]


def _iso(ms: int | None) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1_000, tz=UTC).isoformat()


def _wanted(request: HttpRequest, scope: Scope) -> tuple[QuerySet[Note], dict[str, str]]:
    """Return the notes that the address asks for, and what of it is wrong, by name."""
    asked = request.GET
    errors: dict[str, str] = {}
    notes = places.visible(request.user, scope).select_related("parent")
    for kind in places.KINDS:
        if name := asked.get(kind, ""):
            try:
                notes = notes.filter(**places.find(kind, name, request.user, scope).query)
            except LookupError as error:
                errors[kind] = f"{name}: {error}"
                notes = notes.none()
    if "mentions" in asked:
        notes = notes.filter(pk__in=_unread(request).values("note_id"))
    since, hours = None, asked.get("hours", "")
    if hours:
        if number := whole_number(hours, MOST_HOURS):
            since = round(timezone.now().timestamp() * 1_000) - number * HOUR_MS
        else:
            errors["hours"] = gettext("Hours: a whole number from 1 to %d.") % MOST_HOURS
    return reading.Filters(asked.get("q", ""), since=since).apply(notes), errors


def _unread(request: HttpRequest) -> QuerySet[Mention]:
    user: Any = request.user
    return Mention.objects.filter(user_id=user.pk, read_at=None)


def _post(request: HttpRequest, scope: Scope) -> HttpResponse:
    if "read" in request.POST:
        writing.read(request.user, _unread(request).values_list("note_id", flat=True))
        return redirect("logbook")
    try:
        kind, name = request.POST.get("kind", ""), request.POST.get("name", "")
        place = places.find(kind, name, request.user, scope)
    except LookupError as error:
        raise Http404(str(error)) from error
    if not places.may_write(place, request.user, scope):
        raise PermissionDenied
    try:
        note = writing.write(place, request.user, request.POST.get("text", ""))
        for file in request.FILES.getlist("pictures")[: storing.OF_NOTE]:
            writing.add_picture(note, request.user, storing.read(file))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except BadPicture as error:
        messages.error(request, str(error))
    where = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(where, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(where if is_ours else place.url)
