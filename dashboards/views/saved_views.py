"""Views of the overview that people keep: their own, and those for everybody."""

from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboards.models import SavedView
from dashboards.models.views import QUERY_LENGTH
from devices.access import Scope, scope_of
from devices.models.accounts import AnyUser

# Of one person.
MOST = 50
# What an address of the overview may hold.
KEPT = frozenset({"search", "site", "device_type", "tag", "state", "view", "sort", "metric"})


class ViewForm(forms.ModelForm[SavedView]):
    """A view's name, and who has it."""

    class Meta:
        model = SavedView
        fields = ("title", "shared")


def seen_by(user: AnyUser) -> QuerySet[SavedView]:
    """Return the views that `user` has in their list."""
    own = Q(owner_id=user.pk if user is not None else None)
    return SavedView.objects.filter(own | Q(shared=True)).select_related("owner")


def may_share(scope: Scope) -> bool:
    """Return whether somebody may put a view into everybody's list: managers may."""
    return scope.changes or bool(scope.managed)


def kept(query: str) -> str:
    """Return of an address what a view keeps."""
    # That it keeps so little bounds how many there are.
    given = parse_qsl(query[: 2 * QUERY_LENGTH])
    return urlencode([(name, value) for name, value in given if name in KEPT])[:QUERY_LENGTH]


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what the overview shows, under a name; the same name again replaces it."""
    query, overview = kept(request.POST.get("query", "")), reverse("overview")
    own = SavedView.objects.filter(owner_id=request.user.pk)
    known = own.filter(title=request.POST.get("title", "").strip()).first()
    form = ViewForm(request.POST, instance=known)
    if not form.is_valid():
        told = "; ".join(
            f"{name}: {' '.join(map(str, words))}" for name, words in form.errors.items()
        )
        messages.error(request, told)
    elif known is None and own.count() >= MOST:
        messages.error(request, gettext("You have %d views: delete some first.") % MOST)
    else:
        if form.cleaned_data["shared"] and not may_share(scope_of(request.user)):
            raise PermissionDenied(gettext("Only managers may keep a view for everybody."))
        form.instance.owner_id = request.user.pk or 0
        form.instance.query = query
        form.save()
        messages.success(request, gettext("Saved."))
    return redirect(f"{overview}?{query}" if query else overview)


@login_required
@require_POST
def delete(request: HttpRequest, number: int) -> HttpResponse:
    """Forget a view of one's own."""
    found = SavedView.objects.filter(owner_id=request.user.pk, pk=number)
    if not found.delete()[0]:
        raise Http404(gettext("There is no such view of yours."))
    messages.success(request, gettext("The view was deleted."))
    return redirect("overview")
