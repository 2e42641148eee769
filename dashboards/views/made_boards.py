"""The pages of boards that people make: looked at, made, copied, edited, shared, deleted."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST

from dashboards.boards import catalogue, copies, made, rights, store
from dashboards.boards.rendering import Placed
from dashboards.boards.specification import WrongSpecification
from dashboards.models import Board
from dashboards.pictures.errors import BadPicture
from dashboards.presentation import device_rows
from dashboards.widgets import all_widgets
from devices.access import Scope, scope_of
from devices.monitoring import heartbeats
from devices.whole_numbers import whole_number

# Of the list of revisions on the page of settings.
REVISIONS = 20


@login_required
def board_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a board as it was published; to editors its draft, where it never was."""
    scope = scope_of(request.user)
    board = find(request, slug, scope)
    may_edit = rights.may_edit(board, request.user, scope)
    stored = store.published(board)
    is_draft = stored is None and may_edit
    page = _page(request, board, board.draft if is_draft else stored, scope)
    context = {
        "board": board,
        "page": page,
        "may_edit": may_edit,
        "may_make": rights.may_make(request.user, scope),
        "may_manage": rights.may_manage(board, request.user, scope),
        "may_link": rights.may_link(board, request.user, scope),
        "is_draft": is_draft,
        "is_behind": may_edit and not is_draft and stored != board.draft,
        "is_published": stored is not None,
        **span_of(request, page),
    }
    return let_in(render(request, "dashboards/boards/made.html", context), page.placed)


def let_in(answer: HttpResponse, placed: Iterable[Placed]) -> HttpResponse:
    """Return a page whose policy lets in what its widgets need and operators have named."""
    return _let_in(answer, (one.widget.sources() for one in placed))


def _let_in(answer: HttpResponse, sources: Iterable[dict[str, list[str]]]) -> HttpResponse:
    found: dict[str, list[str]] = {}
    for one in sources:
        for directive, origins in one.items():
            found[directive] = list(dict.fromkeys([*found.get(directive, []), *origins]))
    if found:
        answer._csp_update = found  # type: ignore[attr-defined] # noqa: SLF001 - csp's
    return answer


@login_required
def edit_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the editor of a board."""
    scope = scope_of(request.user)
    board = editable(request, slug, scope)
    page = _page(request, board, board.draft, scope)
    setup = {
        "slug": board.slug,
        "number": board.draft_number,
        "revision": board.revision,
        "isPublished": board.draft == store.published(board),
        "specification": board.draft,
        "kinds": catalogue.kinds(),
        "words": catalogue.words(),
    }
    context = {"board": board, "page": page, "setup": setup, **span_of(request, page)}
    answer = render(request, "dashboards/boards/edit.html", context)
    # Whatever kind of widget may be put on it.
    return _let_in(answer, [kind.all_sources() for kind in all_widgets()])


@login_required
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Make a board: an empty one, or a copy of another, and lead to its editor."""
    scope = scope_of(request.user)
    if not rights.may_make(request.user, scope):
        raise PermissionDenied
    title = request.POST.get("title", "").strip()
    source = request.POST.get("of", "")
    try:
        copied, called = copies.of(source, request.user, scope) if source else ({}, "")
        with transaction.atomic():
            board = store.make(request.user, title or called or gettext("New board"), copied)
            if source.startswith("board:"):
                copies.take_pictures(board, source.partition(":")[2])
    except LookupError as error:
        raise Http404(str(error)) from error
    except (ValidationError, BadPicture) as error:
        for words in getattr(error, "messages", [str(error)]):
            messages.error(request, words)
        return redirect("boards")
    return redirect("edit-board", board.slug)


class SettingsForm(forms.ModelForm[Board]):
    """How a board is called, where it is, and who sees it."""

    class Meta:
        model = Board
        fields = ("title", "slug", "site", "shared", "device_type")

    def __init__(self, user: Any, scope: Scope, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._user, self._scope = user, scope
        self._was = (self.instance.shared, self.instance.site_id)
        site: Any = self.fields["site"]
        site.queryset = (
            rights.sites_shared(scope) | site.queryset.filter(pk=self.instance.site_id)
        ).order_by("name")
        self.fields["device_type"].help_text = gettext_lazy(
            "Each device of this type has the board; the variable device stands for it."
        )

    def clean(self) -> dict[str, Any]:
        """Refuse to show it to people that one has no say over."""
        given = dict(super().clean() or {})
        shared, site = given.get("shared", ""), given.get("site")
        if (shared, site.pk if site else None) != self._was:
            field, words = rights.refusal(shared, site, self._user, self._scope)
            if field:
                self.add_error(field, words)
        return given


@login_required
def settings_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show and take who sees a board; restore what it was; delete it."""
    scope = scope_of(request.user)
    board = find(request, slug, scope)
    if not rights.may_manage(board, request.user, scope):
        raise PermissionDenied
    if "delete" in request.POST:
        board.delete()
        messages.success(request, gettext("“%s” was deleted.") % board.title)
        return redirect("boards")
    if "restore" in request.POST:
        return _restore(request, board)
    data = request.POST if request.method == "POST" else None
    form = SettingsForm(request.user, scope, data, instance=board)
    if form.is_valid():
        form.save()
        messages.success(request, gettext("Saved."))
        return redirect("board", board.slug)
    board.refresh_from_db()
    context = {"board": board, "form": form, "revisions": board.revisions.all()[:REVISIONS]}
    status = 400 if form.is_bound else 200
    return render(request, "dashboards/boards/settings.html", context, status=status)


def _restore(request: HttpRequest, board: Board) -> HttpResponse:
    number = request.POST["restore"]
    try:
        store.restore(board, request.user, whole_number(number) or 0)
    except (LookupError, ValueError, OverflowError) as error:
        messages.error(request, str(error))
        return redirect("board-settings", board.slug)
    words = gettext("The draft is what revision %s was. Publish it to show it to others.")
    messages.success(request, words % number)
    return redirect("edit-board", board.slug)


def find(request: HttpRequest, slug: str, scope: Scope) -> Board:
    """Return the board at an address, where this person may see it.

    Raises:
        Http404: there is none.
    """
    board = rights.readable(request.user, scope).filter(slug=slug).first()
    if board is None:
        raise Http404(gettext("There is no such board, or you may not see it."))
    return board


def editable(request: HttpRequest, slug: str, scope: Scope) -> Board:
    """Return the board at an address, where this person may change it."""
    board = find(request, slug, scope)
    if not rights.may_edit(board, request.user, scope):
        raise PermissionDenied
    return board


def _page(request: HttpRequest, board: Board, stored: Any, scope: Scope) -> made.Page:
    asked = request.GET.dict()
    return made.page(stored or {"version": 1}, asked, scope, heartbeats.as_of(), board.pk)


def span_of(request: HttpRequest, page: made.Page) -> dict[str, Any]:
    """Return the ranges, of which the board's own is chosen where the address names none."""
    span = page.minutes * 60_000
    own = next((name for name, (ms, _words) in device_rows.RANGES.items() if ms == span), "")
    asked = request.GET.get("range", own)
    if asked in device_rows.RANGES:
        return device_rows.range_of(asked)
    return {"ranges": device_rows.RANGES, "range": "", "span_ms": span}


@login_required
@require_POST
def widget(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer `{"html": …}` of one widget as it would be shown, or `{"errors": …}` by option.

    The body is JSON: `{"widget": …, "variables": […]}` as in a specification. What is being
    typed is wrong most of the time: that is no failure of the call.
    """
    scope = scope_of(request.user)
    board = editable(request, slug, scope)
    try:
        given = json.loads(request.body if request.content_type == "application/json" else "")
        shown = catalogue.checked_widget(given, board.draft)
    except WrongSpecification as error:
        problems = [{"field": where, "words": words} for where, words in error.problems]
        return JsonResponse({"errors": problems})
    except (ValueError, RecursionError) as error:
        return JsonResponse({"errors": [{"field": "", "words": str(error)}]}, status=400)
    one = made.one_widget(*shown, scope, heartbeats.as_of(), board.pk)
    html = render_to_string("dashboards/partials/widget.html", {"one": one}, request)
    return JsonResponse({"html": html})
