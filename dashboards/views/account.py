"""A person's own settings: in which units they see what, and how pages look."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboards.presentation import units
from devices.access import Scope, scope_of
from devices.models import Kind, Preferences, Series
from devices.unit_conversion import alternatives


class UnitsForm(forms.Form):
    """What each unit is shown in."""

    def __init__(self, measured: list[str], chosen: Mapping[str, str], data: Any = None) -> None:
        """Make a field of each unit.

        Args:
            measured: units that the person's devices are shown in.
            chosen: what was chosen before.
            data: of the form that was sent.
        """
        super().__init__(data)
        for unit in measured:
            others = [(one, one) for one in alternatives(unit) if one != unit]
            self.fields[unit] = forms.ChoiceField(
                label=unit,
                required=False,
                choices=[("", gettext("%(unit)s, as it is") % {"unit": unit}), *others],
                initial=chosen.get(unit, ""),
            )


@login_required
def account_page(request: HttpRequest) -> HttpResponse:
    """Show and take what the person chooses for themselves."""
    chosen = units.choice_of(request.user)
    measured = _measured(scope_of(request.user), chosen)
    form = UnitsForm(measured, chosen, request.POST if request.method == "POST" else None)
    if form.is_valid():
        wanted = {unit: to for unit, to in form.cleaned_data.items() if to}
        person: Any = request.user
        Preferences.objects.update_or_create(user=person, defaults={"units": wanted})
        messages.success(request, gettext("Saved. Values are shown so from now on."))
        return redirect("account")
    status = 400 if form.is_bound else 200
    return render(request, "dashboards/account.html", {"form": form}, status=status)


@login_required
@require_POST
def set_look(request: HttpRequest) -> HttpResponse:
    """Take the colours, or the room around things, that were chosen, and go back."""
    person: Any = request.user
    for name, choices in (("theme", Preferences.Theme), ("density", Preferences.Density)):
        value = request.POST.get(name)
        if value is not None and value in choices.values:
            Preferences.objects.update_or_create(user=person, defaults={name: value})
    where = request.POST.get("next", "")
    hosts = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(where, hosts, require_https=request.is_secure())
    # A path, never the name of one.
    return HttpResponseRedirect(where if is_ours else reverse("account"))


def _measured(scope: Scope, chosen: Mapping[str, str]) -> list[str]:
    """Return the units, of those with others, that the person sees; and those they chose for."""
    series = Series.objects.filter(kind=Kind.NUMBER).exclude(unit="")
    if not scope.everything:
        series = series.filter(device__in=scope.devices())
    pairs = series.order_by().values_list("unit", "shown_unit").distinct()
    seen = {shown or unit for unit, shown in pairs}
    return sorted(unit for unit in seen | set(chosen) if alternatives(unit))
