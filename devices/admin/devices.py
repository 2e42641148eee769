"""Devices in admin, as somebody with 500 of them wants it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices import queries, registry
from devices.admin.bounded_search import BoundedSearch
from devices.models import Device, DeviceCounts, Identity, Series
from devices.monitoring import heartbeats
from devices.registry import kinds, listing
from devices.registry.states import STATES, AsOf, state_case, state_of

VALUES_SHOWN = 3
# Django's forms take a thousand rows at most.
SERIES_SHOWN = 1_000


class StateFilter(admin.SimpleListFilter):
    """Narrow the list to a state."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        """Return the states."""
        return [(state, state) for state in STATES]

    def queryset(self, _request: HttpRequest, devices: QuerySet[Device]) -> QuerySet[Device]:
        """Return the devices in the chosen state."""
        if self.value() in STATES:
            return devices.annotate(state=state_case(heartbeats.as_of())).filter(state=self.value())
        return devices


class IdentityInline(admin.TabularInline[Identity, Device]):
    """How sources name the device."""

    model = Identity
    extra = 0


class SeriesInline(admin.TabularInline[Series, Device]):
    """What it measures; units and kinds are set here. The first thousand: a form takes no more."""

    model = Series
    extra = 0
    ordering = ["pk"]
    fields = [
        "metric",
        "label",
        "unit",
        "shown_unit",
        "kind",
        "decimals",
        "minimum",
        "maximum",
        "position",
        "hidden",
    ]
    readonly_fields = ["metric"]

    def has_add_permission(self, _request: HttpRequest, _device: Any = None) -> bool:
        """Series come from packets."""
        return False


class CountsInline(admin.StackedInline[DeviceCounts, Device]):
    """What it sent that was not stored as it came."""

    model = DeviceCounts
    can_delete = False

    def has_add_permission(self, _request: HttpRequest, _device: Any = None) -> bool:
        """Counts come from packets."""
        return False

    def has_change_permission(self, _request: HttpRequest, _counts: Any = None) -> bool:
        """Nobody but packets changes them."""
        return False


@admin.register(Device)
class DeviceAdmin(BoundedSearch[Device]):
    """Search, filters, states, newest values; accept and reject in bulk."""

    list_display = ["label", "live", "state", "newest", "heard", "site", "device_type", "waits"]
    list_filter = [
        "pending",
        StateFilter,
        ("site", admin.RelatedOnlyFieldListFilter),
        "device_type",
        "tags",
        "enabled",
    ]
    search_fields = ["key", "name", "location", "identities__native_id"]
    list_select_related = ["site"]
    list_per_page = listing.PAGE_SIZE
    ordering = ["-pending", "key"]
    autocomplete_fields = ["site", "tags", "parent"]
    readonly_fields = ["status", "status_since", "last_seen", "created_at", "live"]
    inlines = [IdentityInline, SeriesInline, CountsInline]
    actions = ["accept", "reject"]
    fieldsets = [
        (None, {"fields": ["key", "name", "site", "device_type", "tags", "live"]}),
        (gettext_lazy("Make"), {"fields": ["manufacturer", "firmware", "parent"]}),
        (gettext_lazy("Registration"), {"fields": ["pending", "enabled", "created_at"]}),
        (gettext_lazy("Place"), {"fields": ["location", "latitude", "longitude"]}),
        (
            gettext_lazy("Health"),
            {"fields": ["status", "status_since", "last_seen", "stale_after_s"]},
        ),
        (gettext_lazy("Clock"), {"fields": ["zone"]}),
    ]
    _newest: dict[int, SafeString]
    _as_of: AsOf

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> list[str]:
        """Keep the key of a device that exists: topics and links hold it."""
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return [*fields, "key"] if obj else fields

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Device, inline: Any, prefix: str
    ) -> dict[str, Any]:
        """Show the oldest series of a device that has too many: which those are stays."""
        given: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, SeriesInline):
            # A device that is being added has none, and no pk to ask by.
            oldest = Series.objects.filter(device_id=obj.pk or 0).order_by("pk")
            shown = list(oldest.values_list("pk", flat=True)[:SERIES_SHOWN])
            given["queryset"] = given["queryset"].filter(pk__in=shown)
        return given

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Save; what is stored of series whose kind was changed is converted."""
        is_series = formset.model is Series
        stay = [one for one in formset.forms if one not in formset.deleted_forms]
        forms = [one for one in stay if is_series and "kind" in one.changed_data]
        old = {one.instance.pk: one.initial["kind"] for one in forms}
        super().save_formset(request, form, formset, change)
        for job in kinds.convert([one.instance for one in forms], old, request.user):
            words = _("What is stored is being converted: job %(pk)s.") % {"pk": job.pk}
            self.message_user(request, words, messages.INFO)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the newest values of the listed devices in one go."""
        changelist = super().get_changelist_instance(request)
        self._as_of = heartbeats.as_of()
        self._newest = _newest([device.pk for device in changelist.result_list])
        return changelist

    @admin.display(description=gettext_lazy("device"), ordering="key")
    def label(self, device: Device) -> str:
        """Return name and key."""
        return f"{device.name} ({device.key})" if device.name else device.key

    @admin.display(description=gettext_lazy("live page"))
    def live(self, device: Device) -> str:
        """Return a link to the live page."""
        if not device.key:
            return "after saving"
        return format_html('<a href="{}">open</a>', reverse("device", args=[device.key]))

    @admin.display(description=gettext_lazy("state"))
    def state(self, device: Device) -> str:
        """Return the state in a word."""
        return state_of(device, self._as_of)

    @admin.display(description=gettext_lazy("newest values"))
    def newest(self, device: Device) -> str:
        """Return the first few newest values."""
        return self._newest.get(device.pk, SafeString("no data yet"))

    @admin.display(description=gettext_lazy("heard"), ordering="last_seen")
    def heard(self, device: Device) -> str:
        """Return how long ago it was heard of."""
        if device.last_seen is None:
            return "never"
        return f"{timesince(device.last_seen, self._as_of.now, depth=1)} ago"

    @admin.display(description=gettext_lazy("accepted"), boolean=True, ordering="pending")
    def waits(self, device: Device) -> bool | None:
        """Return whether it was accepted; None while it waits."""
        return None if device.pending else device.enabled

    @admin.action(description=gettext_lazy("Accept selected devices"), permissions=["change"])
    def accept(self, request: HttpRequest, devices: QuerySet[Device]) -> None:
        """Accept in bulk."""
        count = registry.accept(devices)
        words = ngettext("%(n)s device accepted.", "%(n)s devices accepted.", count)
        self.message_user(request, words % {"n": count}, messages.SUCCESS)

    @admin.action(
        description=gettext_lazy("Reject selected devices (purges their readings)"),
        permissions=["change"],
    )
    def reject(self, request: HttpRequest, devices: QuerySet[Device]) -> None:
        """Reject in bulk; the readings go in the background."""
        count = registry.reject(devices)
        words = ngettext(
            "%(n)s device rejected. Its readings are being removed; what it sends from now on "
            "is counted, not stored.",
            "%(n)s devices rejected. Their readings are being removed; what they send from now "
            "on is counted, not stored.",
            count,
        )
        self.message_user(request, words % {"n": count}, messages.SUCCESS)

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Device]) -> None:
        """Delete devices with all their readings."""
        registry.delete(queryset)

    def delete_model(self, _request: HttpRequest, obj: Device) -> None:
        """Delete a device with all its readings."""
        registry.delete([obj])


def _newest(devices: list[int]) -> dict[int, SafeString]:
    """Return the first few newest values of each device as escaped HTML."""
    by_device: dict[int, list[queries.SeriesInfo]] = {}
    for info in queries.series_of(devices):
        by_device.setdefault(info.device_id, []).append(info)
    shown = [info for infos in by_device.values() for info in infos[:VALUES_SHOWN]]
    newest = queries.latest(shown)
    return {
        device: format_html_join(
            ", ",
            "{} {} {}",
            (
                (info.metric, _short(newest[info.pk][1]), info.unit)
                for info in infos[:VALUES_SHOWN]
                if info.pk in newest
            ),
        )
        for device, infos in by_device.items()
    }


def _short(value: queries.Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.12g}" if isinstance(value, float) else str(value)[:40]
