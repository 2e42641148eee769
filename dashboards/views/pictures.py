"""Pictures of boards and notes, to whoever sees those."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext

from dashboards.boards import rights
from dashboards.logbook import places
from dashboards.models import Picture
from devices.access import Scope, scope_of

# Whoever opens an SVG by its own address gets a page that may do nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def seen_by(user: Any, scope: Scope) -> QuerySet[Picture]:
    """Return the pictures of the boards and notes that `user` sees."""
    boards = Q(board__in=rights.readable(user, scope))
    notes = Q(note__in=places.visible(user, scope), note__deleted_by="")
    return Picture.objects.filter(boards | notes)


@login_required
def picture(request: HttpRequest, number: int) -> HttpResponse:
    """Send a picture."""
    found = seen_by(request.user, scope_of(request.user)).filter(pk=number).first()
    return sent(found)


def sent(picture: Picture | None) -> HttpResponse:
    """Return the bytes of a picture.

    Raises:
        Http404: there is none.
    """
    if picture is None:
        raise Http404(gettext("There is no such picture, or you may not see it."))
    answer = HttpResponse(bytes(picture.data), content_type=picture.media)
    answer["Content-Security-Policy"] = _POLICY
    answer["Content-Disposition"] = "inline"
    return answer
