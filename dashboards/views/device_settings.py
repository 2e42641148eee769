"""What people set of a device and its metrics, without admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy

from dashboards.presentation import device_rows
from dashboards.views.pending import sites_managed
from devices import queries, registry, units
from devices.access import Scope, scope_of
from devices.models import Device, RetentionPolicy, Series, Tag
from devices.retention import own
from devices.unit_conversion import alternatives

MAX_TAGS = 100
_CALLED = {
    "label": gettext_lazy("Called"),
    "unit": gettext_lazy("Unit"),
    "shown_unit": gettext_lazy("Shown in"),
    "decimals": gettext_lazy("Decimals"),
    "minimum": gettext_lazy("At least"),
    "maximum": gettext_lazy("At most"),
    "hidden": gettext_lazy("Hidden"),
    "position": gettext_lazy("Order"),
    "keep_days": gettext_lazy("Kept for (days)"),
}


class DeviceForm(forms.ModelForm[Device]):
    """A device; site and type are a manager's to set."""

    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("Words to find it by, parted by blanks."),
    )

    class Meta:
        model = Device
        fields = ("name", "site", "device_type", "location", "stale_after_s", "zone")
        labels: ClassVar = {
            "name": gettext_lazy("Name"),
            "site": gettext_lazy("Site"),
            "device_type": gettext_lazy("Type"),
            "location": gettext_lazy("Place"),
            "stale_after_s": gettext_lazy("Stale without a packet for (s)"),
        }

    def __init__(self, scope: Scope, device: Device, data: Any = None) -> None:
        """Show what `scope` may set of `device`."""
        known = " ".join(device.tags.values_list("name", flat=True))
        super().__init__(data, instance=device, initial={"tags": known})
        if scope.may_manage(device):
            pks = {site.pk for site in sites_managed(scope)} | {device.site_id}
            site: Any = self.fields["site"]
            site.queryset = site.queryset.filter(pk__in=pks - {None})
            # Without a site nobody sees it but those who see all devices.
            site.required = not scope.changes and device.site_id is not None
        else:
            del self.fields["site"], self.fields["device_type"]

    def clean_tags(self) -> list[str]:
        """Return the tags as a list."""
        names = list(dict.fromkeys(self.cleaned_data["tags"].split()))
        valid = Tag._meta.get_field("name")  # noqa: SLF001 - Django documents it
        for name in names[:MAX_TAGS]:
            valid.run_validators(name)
        if len(names) > MAX_TAGS:
            raise forms.ValidationError(gettext("At most %d tags.") % MAX_TAGS)
        return names

    def save(self, commit: bool = True) -> Device:  # noqa: FBT001, FBT002 - Django's
        """Save the device with its tags."""
        device = super().save(commit)
        registry.set_tags(device, self.cleaned_data["tags"])
        return device


class SeriesForm(forms.ModelForm[Series]):
    """A metric: how it is called, shown and bounded; for how long it is kept, by managers."""

    class Meta:
        model = Series
        fields = tuple(name for name in _CALLED if name != "keep_days")

    def __init__(self, policy: RetentionPolicy | None, *args: Any, **options: Any) -> None:
        """Show one series; `policy` is its own one, saved or not, None where it stays as it is."""
        super().__init__(*args, **options)
        self.policy = policy
        if policy is not None:
            days = forms.IntegerField(min_value=0, max_value=100_000, required=False)
            self.fields["keep_days"] = days
            self.initial["keep_days"] = policy.raw_days
        units = alternatives(self.instance.unit)
        kept = [one for one in [self.instance.shown_unit] if one and one not in units]
        # Chosen itself, the unit that it is stored in has no prefix put before it.
        self.fields["shown_unit"] = forms.ChoiceField(
            required=False,
            choices=[("", gettext("as fits")), *((one, one) for one in [*units, *kept])],
        )
        for name, field in self.fields.items():
            field.help_text = ""
            field.label = f"{self.instance.metric}: {_CALLED[name]}"
            field.widget.attrs["aria-label"] = field.label

    def clean_unit(self) -> str:
        """Return the unit as it is stored."""
        return units.normalised(self.cleaned_data["unit"])

    def clean_keep_days(self) -> int | None:
        """Return for how many days readings are kept; None: as of the site, 0: for ever."""
        policy, days = self.policy, self.cleaned_data["keep_days"]
        if policy is not None:
            policy.raw_days = days
            try:
                policy.clean()
            except forms.ValidationError as error:
                raise forms.ValidationError(error.messages) from error
        return days if days is None else int(days)

    def save(self, commit: bool = True) -> Series:  # noqa: FBT001, FBT002 - Django's
        """Save the series, and its policy where that was changed."""
        series = super().save(commit)
        if "keep_days" in self.changed_data and self.policy is not None:
            own.keep(self.policy)
        return series


@login_required
def settings_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show and take what is set of a device and its metrics, a page of them at a time."""
    scope = scope_of(request.user)
    device = scope.devices().select_related("site").filter(key=key).first()
    if device is None:
        raise Http404(gettext("There is no such device, or you may not see it."))
    if not scope.may_change(device):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    series = Series.objects.filter(device=device).order_by(*queries.IN_ORDER)
    page = device_rows.series_page(list(series), request.GET.get("page"))  # type: ignore[arg-type] # of rows
    form = DeviceForm(scope, device, data)
    rows: list[Any] = list(page.object_list)
    policies = own.of_series(rows) if scope.may_manage(device) else {}
    metrics = [
        SeriesForm(policies.get(one.pk), data, instance=one, prefix=f"series-{one.pk}")
        for one in rows
    ]
    forms: list[Any] = [form, *metrics]
    # All of them are looked at, so that each can say what is wrong with it.
    if data is not None and not sum(not one.is_valid() for one in forms):
        with transaction.atomic():
            for one in forms:
                if one.has_changed():
                    one.save()
        messages.success(request, gettext("Saved."))
        return redirect("device-settings", key)
    device.refresh_from_db()
    context = {"device": device, "form": form, "metrics": metrics, "page": page}
    context["may_manage"] = scope.may_manage(device)
    status = 400 if data is not None else 200
    return render(request, "dashboards/devices/settings.html", context, status=status)
