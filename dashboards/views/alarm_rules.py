"""Alarm rules as pages: the list, the form with its back-test, and maintenance."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from dashboards.presentation.suggested_rules import suggested
from devices import queries
from devices.access import Scope, scope_of
from devices.alarms import editing, listing
from devices.alarms.asking import Unfit
from devices.alarms.back_test import BackTest, back_test
from devices.alarms.models import Maintenance, Rule
from devices.models import Device, Site, Tag
from devices.timestamps import parse_moment
from devices.whole_numbers import whole_number

DAY_US = 86_400_000_000
SPANS = (1, 7, 30, 90, 365)


class RuleForm(forms.ModelForm[Rule]):
    """A rule; a device is named by its key."""

    device_key = forms.CharField(
        label=gettext_lazy("Device"),
        required=False,
        max_length=128,
        help_text=gettext_lazy("Its key. Empty: all devices of the site, type and tag."),
    )
    site = forms.ModelChoiceField(
        Site.objects.none(), label=gettext_lazy("Site"), required=False, to_field_name="slug"
    )
    tag = forms.ModelChoiceField(
        Tag.objects.none(), label=gettext_lazy("Tag"), required=False, to_field_name="name"
    )

    class Meta:
        model = Rule
        fields = (
            *("name", "site", "device_type", "tag", "metric", "kind", "low", "high"),
            *("hysteresis", "unit", "words", "other_metric", "window_s", "for_s", "clear_s"),
            *("again_s", "severity", "text", "runbook", "latched", "days", "starts", "ends"),
            *("zone", "enabled"),
        )
        widgets: ClassVar = {
            "starts": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "ends": forms.TimeInput({"type": "time"}, format="%H:%M"),
        }

    def __init__(self, scope: Scope, *args: Any, **options: Any) -> None:
        """Offer what this person sees."""
        super().__init__(*args, **options)
        self._scope = scope
        sites = Site.objects.order_by("name")
        site: Any = self.fields["site"]
        site.queryset = sites if scope.everything else sites.filter(pk__in=scope.sites)
        tag: Any = self.fields["tag"]
        tag.queryset = Tag.objects.filter(devices__in=scope.devices()).distinct()
        if self.instance.site is not None:
            self.initial["site"] = self.instance.site.slug
        if self.instance.tag is not None:
            self.initial["tag"] = self.instance.tag.name
        if self.instance.device is not None:
            self.initial["device_key"] = self.instance.device.key

    def clean_device_key(self) -> Device | None:
        """Return the device of that key."""
        key = self.cleaned_data["device_key"].strip()
        if not key:
            return None
        found = self._scope.devices().filter(key=key).first()
        if found is None:
            words = gettext("There is no such device, or you may not see it.")
            raise forms.ValidationError(words)
        return found

    def clean(self) -> dict[str, Any]:
        """Refuse a rule on devices that this person may not change."""
        cleaned = dict(super().clean() or self.cleaned_data)
        self.instance.device = cleaned.get("device_key")
        self.instance.site = cleaned.get("site")
        if not self.errors and not listing.may_edit(self.instance, self._scope):
            words = gettext("Name a site, or a device, that you are an operator of.")
            raise forms.ValidationError({"site": words})
        return cleaned

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """Return the fields by part of the page."""
        names = {
            "which": ("device_key", "site", "device_type", "tag"),
            "what": (
                *("metric", "kind", "low", "high", "unit", "hysteresis", "words"),
                *("other_metric", "window_s", "for_s", "clear_s", "again_s"),
            ),
            "then": ("severity", "text", "runbook", "latched"),
            "when": ("days", "starts", "ends", "zone"),
        }
        return {part: [self[name] for name in these] for part, these in names.items()}


@login_required
def rules_page(request: HttpRequest) -> HttpResponse:
    """List rules, with how many alarms of each are on."""
    scope = scope_of(request.user)
    on = Q(alarms__until=None, alarms__withdrawn_at=None)
    rules = listing.rules(scope).annotate(
        on=Count("alarms", filter=on), ever=Count("alarms", filter=Q(alarms__withdrawn_at=None))
    )
    context = {
        "rules": [(rule, listing.may_edit(rule, scope)) for rule in rules[:500]],
        "may_edit": scope.may_import,
        "suggested": suggested(scope) if scope.may_import else [],
    }
    return render(request, "dashboards/alarms/rules.html", context)


@login_required
def rule_page(request: HttpRequest, number: int = 0) -> HttpResponse:
    """Show a rule's form with what it would have raised; save it, try it, or delete it."""
    scope = scope_of(request.user)
    rule = Rule(**_begun(request)) if not number else _find(number, scope)
    may_edit = scope.may_import if not number else listing.may_edit(rule, scope)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    if not number and not may_edit:
        raise PermissionDenied
    if request.method == "POST" and "delete" in request.POST:
        editing.delete(rule)
        messages.success(request, gettext("The rule is gone; its alarms stay as history."))
        return redirect("alarm-rules")
    posted = request.POST if request.method == "POST" else None
    form = RuleForm(scope, posted, instance=rule, initial=_initial(request, scope))
    if form.is_valid() and "try" not in request.POST:
        try:
            editing.save(form.save(commit=False), str(request.user))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, gettext("The rule is saved, and holds from now on."))
            return redirect("alarm-rules")
    days = whole_number(request.POST.get("days_back", ""), 366) or 30
    tried = _tried(form, days) if form.is_bound and form.is_valid() else None
    context = {
        "form": form,
        "rule": rule,
        "number": number,
        "may_edit": may_edit,
        "tried": tried,
        "days_back": days,
        "spans": SPANS,
        "keys": _keys(tried),
        "own": rule.own_limits.select_related("device")[:200] if number else [],
    }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "dashboards/alarms/rule.html", context, status=status)


def _begun(request: HttpRequest) -> dict[str, Any]:
    """Return what the address says of a new rule: `metric`, `kind`, `high`, `low`, `name`."""
    found: dict[str, Any] = {}
    for name in ("metric", "kind", "name", "unit"):
        if request.GET.get(name):
            found[name] = request.GET[name][:200]
    for name in ("low", "high"):
        try:
            found[name] = float(request.GET[name])
        except (KeyError, ValueError):
            continue
    return found


def _initial(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    key = request.GET.get("device", "")[:128]
    return {"device_key": key} if key and scope.devices().filter(key=key).exists() else {}


def _find(number: int, scope: Scope) -> Rule:
    rule = listing.rules(scope).filter(pk=number).first()
    if rule is None:
        raise Http404(gettext("There is no such rule, or you may not see it."))
    return rule


def _tried(form: RuleForm, days: int) -> BackTest | None:
    """Return what the rule of a form would have raised; what cannot be told is the form's error."""
    rule: Rule = form.save(commit=False)
    end = queries.now_us()
    try:
        with queries.read_snapshot():
            return back_test(rule, end - days * DAY_US, end)
    except Unfit as error:
        form.add_error("unit", str(error))
    except queries.QueryTooLong as error:
        form.add_error(None, str(error))
    return None


def _keys(tried: BackTest | None) -> dict[int, Device]:
    return Device.objects.in_bulk({one.device for one in tried.alarms[:200]}) if tried else {}


@login_required
def maintenance_page(request: HttpRequest) -> HttpResponse:
    """Show where somebody works, or will; begin and end it."""
    scope = scope_of(request.user)
    if request.method == "POST":
        return _work(request, scope)
    now = timezone.now().timestamp() * 1e6
    works = list(listing.maintenance(scope)[:500])
    sites = Site.objects.order_by("name")
    context = {
        "works": [
            {
                "work": work,
                "state": _state(work, now),
                "may_end": work.until > now and listing.may_work(work.device or work.site, scope),
            }
            for work in works
        ],
        "sites": sites if scope.changes else sites.filter(pk__in=scope.operated),
        "may_add": scope.may_import,
        "given": request.GET.get("device", "")[:128],
    }
    return render(request, "dashboards/alarms/maintenance.html", context)


def _state(work: Maintenance, now: float) -> str:
    if work.until <= now:
        return gettext("over")
    return gettext("now") if work.since <= now else gettext("to come")


def _work(request: HttpRequest, scope: Scope) -> HttpResponse:
    if "end" in request.POST:
        number = whole_number(request.POST["end"]) or 0
        work = listing.maintenance(scope).filter(pk=number).first()
        if work is None:
            raise Http404(gettext("There is none, or you may not see it."))
        if not listing.may_work(work.device or work.site, scope):
            raise PermissionDenied
        editing.end_work(work)
        messages.success(request, gettext("It has ended: alarms are raised again."))
        return redirect("maintenance")
    try:
        of = _of(request, scope)
        if not listing.may_work(of, scope):
            raise PermissionDenied
        since, until = _moment(request, "since"), _moment(request, "until")
        if until is None:
            raise ValidationError(gettext("Say until when."))
        editing.begin_work(of, until, request.POST.get("reason", ""), str(request.user), since)
        messages.success(request, gettext("Nothing is raised there until it ends."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("maintenance")


def _of(request: HttpRequest, scope: Scope) -> Site | Device:
    key, slug = request.POST.get("device", "").strip(), request.POST.get("site", "")
    device = scope.devices().filter(key=key).first() if key else None
    if device is not None:
        return device
    site = Site.objects.filter(slug=slug).first() if slug and not key else None
    if site is None or not scope.may_see(site):
        raise ValidationError(gettext("Name a site or a device that you see."))
    return site


def _moment(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    try:
        return parse_moment(text, timezone.get_current_timezone())
    except ValueError as error:
        raise ValidationError(str(error)) from error
