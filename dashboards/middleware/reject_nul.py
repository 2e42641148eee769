"""Requests that no text of ours can answer, and parameters that are too long to mean anything."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

# Characters of a parameter; names of series come as a list in one.
LONGEST = 1_000
LISTS = frozenset({"keys"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
# Files come here, whatever their sender says they are; calls have a reader of their own.
_NO_FORMS = ("/import", "/api/")


class NoNul:
    """Middleware: NUL in a path, query or form is a bad request; PostgreSQL takes none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what answers everything else."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse."""
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "%00" in query or "\0" in query:
            return HttpResponseBadRequest("NUL cannot be in a path or query.")
        if len(query) > LONGEST:
            for name, values in request.GET.lists():
                if name not in LISTS and any(len(value) > LONGEST for value in values):
                    words = f"{name[:40]} may have {LONGEST} characters."
                    return HttpResponseBadRequest(words, content_type="text/plain")
        is_form = request.method == "POST" and request.content_type in _FORMS
        if is_form and not request.path.startswith(_NO_FORMS) and _has_nul(request):
            return HttpResponseBadRequest("NUL cannot be in a form.")
        return self.get_response(request)


def _has_nul(request: HttpRequest) -> bool:
    return any("\0" in value for _name, values in request.POST.lists() for value in values)
