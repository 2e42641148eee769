"""Links to boards: made and revoked by those who have the board, opened by anybody."""

from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy

from dashboards.boards import rights, store
from dashboards.models import Board, BoardLink, Picture
from dashboards.presentation import device_rows
from dashboards.sharing import links, visitors
from dashboards.views import made_boards
from dashboards.views.pictures import sent
from devices.access import scope_of, throttle
from devices.whole_numbers import whole_number

_DAY_S = 86_400
REACHES = (
    (3_600, gettext_lazy("1 hour")),
    (_DAY_S, gettext_lazy("24 hours")),
    (7 * _DAY_S, gettext_lazy("7 days")),
    (30 * _DAY_S, gettext_lazy("30 days")),
    (366 * _DAY_S, gettext_lazy("1 year")),
)
DAYS = (
    (1, gettext_lazy("a day")),
    (7, gettext_lazy("a week")),
    (30, gettext_lazy("30 days")),
    (365, gettext_lazy("a year")),
    (0, gettext_lazy("until it is revoked")),
)
# For so long a browser is not asked for the password again (s).
_PASSED_SECONDS = 12 * 3_600
_PASSED = TimestampSigner(salt="dashboards.sharing.password")
_COOKIE = "iotbridge_link"


class LinkForm(forms.Form):
    """What a link gives, to whom, and for how long."""

    label = forms.CharField(label=gettext_lazy("For whom"), max_length=100, required=False)
    days = forms.TypedChoiceField(
        label=gettext_lazy("It lasts"), choices=DAYS, coerce=int, initial=30
    )
    reach_s = forms.TypedChoiceField(
        label=gettext_lazy("It shows the last"), choices=REACHES, coerce=int, initial=7 * _DAY_S
    )
    password = forms.CharField(
        label=gettext_lazy("Password, if it is to ask for one"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    origins = forms.CharField(
        label=gettext_lazy("Pages that may have it in a frame"),
        help_text=gettext_lazy("Their origins, with spaces between: https://intranet.example"),
        max_length=3_000,
        required=False,
    )
    turns = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Shown in turn with these boards, on a screen that nobody operates"),
        queryset=Board.objects.none(),
        to_field_name="slug",
        required=False,
    )
    seconds = forms.IntegerField(
        label=gettext_lazy("Each for so many seconds"),
        min_value=links.SHORTEST_TURN,
        max_value=links.LONGEST_TURN,
        initial=30,
        required=False,
    )

    def __init__(self, boards: Any, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        turns: Any = self.fields["turns"]
        turns.queryset = boards

    def made(self, board: Board, user: Any, choices: dict[str, str]) -> BoardLink | None:
        """Return the link; None where a field is wrong, which is told with it."""
        given = self.cleaned_data
        try:
            return links.make(
                board,
                user,
                days=given["days"] or None,
                password=given["password"],
                origins=given["origins"].split(),
                turns=list(given["turns"]),
                choices=choices,
                label=given["label"],
                reach_s=given["reach_s"],
                seconds=given["seconds"] or 30,
            )
        except ValidationError as error:
            self.add_error(None, error)
            return None


@login_required
def links_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the links to a board; make and revoke them."""
    scope = scope_of(request.user)
    board = made_boards.find(request, slug, scope)
    if not rights.may_link(board, request.user, scope):
        raise PermissionDenied
    if "revoke" in request.POST:
        return _revoke(request, board)
    others = rights.readable(request.user, scope).exclude(pk=board.pk).exclude(revision=0)
    form = LinkForm(others, request.POST if request.method == "POST" else None)
    if form.is_valid() and form.made(board, request.user, request.GET.dict()):
        messages.success(request, gettext("The link is made: whoever has it sees the board."))
        return redirect(f"{request.path}?{request.GET.urlencode()}")
    context = {
        "board": board,
        "form": form,
        "links": [_told(request, link) for link in links.of(board)],
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboards/boards/share.html", context, status=status)


def _revoke(request: HttpRequest, board: Board) -> HttpResponse:
    number = request.POST["revoke"]
    found = links.of(board).filter(pk=whole_number(number) or 0)
    if found.delete()[0]:
        messages.success(request, gettext("The link is revoked: it shows nothing any more."))
    return redirect("board-links", board.slug)


def _told(request: HttpRequest, link: BoardLink) -> dict[str, Any]:
    url = request.build_absolute_uri(reverse("shared", args=[links.address_of(link)]))
    told = {"link": link, "is_over": link.is_over(), "turns": links.turns_of(link)}
    # Whose it is gives it away: what it shows is what they see.
    return told | ({"url": url, "code": _code(url)} if link.made_by == request.user else {})


def _code(url: str) -> SafeString:
    """Return a QR code of `url`, as SVG."""
    made = segno.make(url, error="m").svg_inline(border=2, dark="#000", light="#fff", omitsize=True)
    return mark_safe(made)  # noqa: S308 - of a path that we made


def shared_page(request: HttpRequest, address: str) -> HttpResponse:
    """Show a board to whoever has the link; or ask for its password."""
    link = links.find(address)
    if link is None:
        return _over(request, gettext("This link does not exist, was revoked, or is past its end."))
    if link.password and not _has_passed(request, link):
        return _ask(request, link)
    number = _number(request, link)
    board = visitors.board_of(link, number)
    if board is None:
        return _over(request, gettext("Who made this link does not see the board any more."))
    if "fragment" not in request.GET:
        links.count(link)
    context = _context(request, link, number, board)
    answer = render(request, "dashboards/boards/shared.html", context)
    return _framed(made_boards.let_in(answer, context["page"].placed), link)


def _over(request: HttpRequest, words: str) -> HttpResponse:
    context = {"words": words}
    return render(request, "dashboards/boards/shared_over.html", context, status=404)


def picture(request: HttpRequest, address: str, number: int) -> HttpResponse:
    """Send a picture that is on one of the boards of a link."""
    link = links.find(address)
    if link is None or (link.password and not _has_passed(request, link)):
        raise Http404
    found = Picture.objects.filter(pk=number, board__in=[link.board_id, *link.turns]).first()
    return sent(found if found is not None and _shows(link, found) else None)


def _shows(link: BoardLink, found: Picture) -> bool:
    """Return whether the board that a picture belongs to shows it, and the link shows that."""
    turn = [link.board_id, *link.turns].index(found.board_id)
    board = visitors.board_of(link, turn)
    return board is not None and found.pk in store.pictures_of(store.published(board))


def _number(request: HttpRequest, link: BoardLink) -> int:
    given = request.GET.get("turn", "")
    return (whole_number(given) or 0) % (1 + len(link.turns))


def _context(request: HttpRequest, link: BoardLink, number: int, board: Board) -> dict[str, Any]:
    page = visitors.page_of(link, board, visitors.reading(link, board))
    for one in page.placed:
        # What the maker may not see is nobody's business here.
        one.note, one.denied = (
            one.note or (gettext("Not all of it is shown.") if one.denied else ""),
            [],
        )
    page.minutes = min(page.minutes, link.reach_s // 60)
    return {
        "board": board,
        "page": page,
        "is_shared": True,
        "address": links.address_of(link),
        "grant": visitors.grant_of(link, number),
        "turn": (number + 1) % (1 + len(link.turns)),
        "seconds": link.seconds if link.turns else 0,
        **_span(request, page, link),
    }


def _span(request: HttpRequest, page: Any, link: BoardLink) -> dict[str, Any]:
    """Return the ranges that the link reaches back to."""
    found = made_boards.span_of(request, page)
    reach_ms = link.reach_s * 1_000
    found["ranges"] = {
        name: value for name, value in device_rows.RANGES.items() if value[0] <= reach_ms
    }
    found["span_ms"] = min(found["span_ms"], reach_ms)
    return found


def _framed(answer: HttpResponse, link: BoardLink) -> HttpResponse:
    """Let the origins of a link have its page in a frame; let no search engine keep it."""
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "no-referrer"
    if link.origins:
        answer.xframe_options_exempt = True
        answer._csp_replace = {"frame-ancestors": list(link.origins)}  # type: ignore[attr-defined] # noqa: SLF001 - csp's
    return answer


def _has_passed(request: HttpRequest, link: BoardLink) -> bool:
    try:
        shown = _PASSED.unsign(request.COOKIES.get(_COOKIE, ""), max_age=_PASSED_SECONDS)
    except BadSignature:
        return False
    return shown == visitors.grant_of(link, 0)


def _ask(request: HttpRequest, link: BoardLink) -> HttpResponse:
    """Ask for a link's password, and look at what comes; guesses are slowed down."""
    address, wrong = throttle.address_of(request), ""
    if request.method == "POST":
        if throttle.wait_of("link", address, link.name):
            wrong = gettext("Too many wrong passwords came from here. Wait for some minutes.")
        elif links.opens(link, request.POST.get("password", "")[:128]):
            throttle.succeeded("link", address, link.name)
            return _pass(request, link)
        else:
            throttle.failed("link", address, link.name)
            throttle.log("link", address)
            wrong = gettext("This is not the password.")
    context = {"wrong": wrong}
    return render(
        request, "dashboards/boards/shared_password.html", context, status=403 if wrong else 200
    )


def _pass(request: HttpRequest, link: BoardLink) -> HttpResponse:
    answer = redirect(request.get_full_path())
    answer.set_cookie(
        _COOKIE,
        _PASSED.sign(visitors.grant_of(link, 0)),
        max_age=_PASSED_SECONDS,
        path=request.path,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return answer
