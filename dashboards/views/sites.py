"""Sites as their managers set them up: names, who has which role, for how long readings stay."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy

from devices.access import (
    Scope,
    levels_below,
    runs_sites,
    scope_of,
    site_and_below,
    sites_above,
)
from devices.models import Membership, RetentionPolicy, Role, Site
from devices.models.retention import FIELDS
from devices.retention import own
from devices.whole_numbers import whole_number

# Sites that a manager may have in all; levels, the first one counted.
MOST, LEVELS = 500, 8
_KEPT = {
    "raw_days": gettext_lazy("Readings"),
    "minutes_days": gettext_lazy("Sums of minutes, of what comes 20 times a minute or more often"),
    "quarters_days": gettext_lazy("Sums of 15 minutes"),
    "hours_days": gettext_lazy("Sums of hours"),
    "least_days": gettext_lazy("Readings, even while the disk is filling up"),
}


class SiteForm(forms.ModelForm[Site]):
    """A site's name and what it is below; its short name is for addresses and stays."""

    class Meta:
        model = Site
        fields = ("name", "slug", "parent")
        labels: ClassVar = {
            "name": gettext_lazy("Name"),
            "slug": gettext_lazy("Short name, for addresses"),
            "parent": gettext_lazy("Part of"),
        }

    def __init__(self, scope: Scope, user: Any, *args: Any, **options: Any) -> None:
        """Offer what `user` may put the site below."""
        super().__init__(*args, **options)
        everywhere, site = runs_sites(user), self.instance
        self._is_new = site._state.adding  # noqa: SLF001 - Django documents it
        sites = Site.objects.all() if everywhere else Site.objects.filter(pk__in=scope.managed)
        parent: Any = self.fields["parent"]
        # What is above a site decides who has it: only an other place of one's own.
        parent.required = not everywhere and (self._is_new or site.parent_id in scope.managed)
        self._has_room = everywhere or not self._is_new or sites.count() < MOST
        if self._is_new:
            parent.queryset = sites
            return
        del self.fields["slug"]
        if not everywhere and site.parent_id not in scope.managed:
            del self.fields["parent"]
        else:
            parent.queryset = sites.exclude(pk__in=site_and_below(site.pk))

    def clean_parent(self) -> Site | None:
        """Return what the site is to be below, where that is not too deep."""
        parent: Site | None = self.cleaned_data["parent"]
        below = 0 if self._is_new else levels_below(self.instance.pk)
        if parent is not None and len(sites_above(parent.pk)) + 2 + below > LEVELS:
            words = gettext("Sites may be %d levels deep.")
            raise forms.ValidationError(words % LEVELS)
        return parent

    def clean(self) -> dict[str, Any]:
        """Refuse more sites than a manager may have."""
        if not self._has_room:
            raise forms.ValidationError(gettext("You have %d sites, and no more are made.") % MOST)
        return dict(super().clean() or self.cleaned_data)


class KeepForm(forms.ModelForm[RetentionPolicy]):
    """For how many days a site keeps what."""

    class Meta:
        model = RetentionPolicy
        fields = FIELDS
        labels: ClassVar = _KEPT


class MemberForm(forms.Form):
    """Somebody, and the role that they get."""

    person = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)

    def clean_person(self) -> Any:
        """Return the user of that name."""
        model: Any = get_user_model()
        name = {model.USERNAME_FIELD: self.cleaned_data["person"].strip()}
        found = model.objects.filter(is_active=True, **name).first()
        if found is None:
            raise forms.ValidationError(gettext("There is no account of that name."))
        return found


def sites_run(request: HttpRequest, scope: Scope) -> Any:
    """Return the sites that who asks may set up.

    Raises:
        PermissionDenied: there are none, and none may be made.
    """
    everywhere = runs_sites(request.user)
    if not (everywhere or scope.managed):
        raise PermissionDenied
    sites = Site.objects.select_related("parent")
    return sites if everywhere else sites.filter(pk__in=scope.managed)


@login_required
def sites_page(request: HttpRequest) -> HttpResponse:
    """List the sites that one may set up, and make new ones."""
    scope = scope_of(request.user)
    sites = sites_run(request, scope)
    posted = request.POST if request.method == "POST" else None
    form = SiteForm(scope, request.user, posted)
    if form.is_valid():
        made = form.save()
        messages.success(request, gettext("The site is made."))
        return redirect("site-settings", made.slug)
    counted = sites.annotate(
        n=Count("devices", distinct=True), people=Count("memberships", distinct=True)
    )
    context = {"sites": counted.order_by("name"), "form": form}
    return render(request, "dashboards/sites/list.html", context, status=400 if posted else 200)


@login_required
def site_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what is set of a site, and take it: `do` says which part."""
    scope = scope_of(request.user)
    site = Site.objects.filter(slug=slug).first()
    if site is None or not (scope.may_see(site) or scope.may_run(site, request.user)):
        raise Http404(gettext("There is no such site, or you may not see it."))
    if not scope.may_run(site, request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _shown(request, scope, site, "")
    with transaction.atomic():
        # One after the other: two who move sites below each other would make a ring.
        list(Site.objects.select_for_update().order_by("pk").values_list("pk"))
        site.refresh_from_db()
        return _shown(request, scope, site, request.POST.get("do", ""))


def _shown(request: HttpRequest, scope: Scope, site: Site, part: str) -> HttpResponse:
    """Show the page of a site, after `part` was taken, where that is not empty."""
    posted = {part: request.POST}
    forms: dict[str, Any] = {
        "site": SiteForm(scope, request.user, posted.get("site"), instance=site),
        "keep": KeepForm(posted.get("keep"), instance=own.of_site(site)),
        "member": MemberForm(posted.get("member")),
    }
    if part and (part not in forms or forms[part].is_valid()):
        _take(request, site, part, forms.get(part))
        return redirect("site-settings", site.slug)
    if part:
        # A form that is wrong has put into it what was typed.
        site.refresh_from_db()
    context = {"site": site, "forms": forms, "roles": Role.choices, **_people(site, scope)}
    return render(request, "dashboards/sites/settings.html", context, status=400 if part else 200)


def _take(request: HttpRequest, site: Site, part: str, form: Any) -> None:
    """Do what a valid form says."""
    if part == "site":
        form.save()
    elif part == "keep":
        own.keep(form.save(commit=False))
    elif part == "member":
        person, role = form.cleaned_data["person"], form.cleaned_data["role"]
        Membership.objects.update_or_create(user=person, site=site, defaults={"role": role})
    else:
        _change_member(request, site)
    messages.success(request, gettext("Saved."))


def _change_member(request: HttpRequest, site: Site) -> None:
    """Give somebody here another role, or none."""
    number, role = request.POST.get("membership", ""), request.POST.get("role", "")
    here = Membership.objects.filter(site=site)
    found = here.filter(pk=whole_number(number) or 0).first()
    if found is None:
        raise Http404(gettext("That person has no role here."))
    if "remove" in request.POST:
        found.delete()
    elif role in Role.values:
        found.role = role
        found.save(update_fields=["role"])


def _people(site: Site, scope: Scope) -> dict[str, Any]:
    """Return who has a role here, and who by a site above that `scope` sees."""
    above = [one for one in Site.objects.filter(pk__in=sites_above(site.pk)) if scope.may_see(one)]
    rows = Membership.objects.select_related("user", "site")
    return {
        "members": rows.filter(site=site).order_by("user__pk"),
        "above": rows.filter(site__in=above).order_by("site__name", "user__pk"),
    }
