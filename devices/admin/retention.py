"""Retention policies in admin, with what they are about to remove."""

import time
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.admin.bounded_search import BoundedSearch
from devices.models import RetentionPolicy, Series
from devices.retention.disk import look
from devices.retention.policies import BUILT_IN
from devices.retention.preview import preview
from devices.rollups.levels import SECOND


@admin.register(Series)
class SeriesAdmin(BoundedSearch[Series]):
    """To be searched from a policy; series are edited with their device."""

    search_fields = ["metric", "device__key", "device__name"]

    def has_module_permission(self, _request: HttpRequest) -> bool:
        """Keep it out of the index."""
        return False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Series come from packets."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Series are changed with their device."""
        return False

    def has_delete_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Series go with their device."""
        return not request.path.startswith(reverse("admin:devices_series_changelist"))


@admin.register(RetentionPolicy)
class RetentionPolicyAdmin(admin.ModelAdmin[RetentionPolicy]):
    """Policies below a preview of what goes, and how many bytes come back."""

    change_list_template = "devices/retention.html"
    list_display = [
        *("label", "raw_days", "minutes_days", "quarters_days", "hours_days", "least_days"),
    ]
    autocomplete_fields = ["site", "series"]

    @admin.display(description=gettext_lazy("policy"))
    def label(self, policy: RetentionPolicy) -> str:
        """Return what it is for."""
        return str(policy)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the preview above the list."""
        more = {"lines": preview(round(time.time() * SECOND)), "disk": look().words}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin the policy for everything else with the built-in days."""
        given: dict[str, Any] = dict(super().get_changeform_initial_data(request))
        if RetentionPolicy.objects.filter(site=None, series=None, device_type="").exists():
            return given
        days = {
            "raw_days": BUILT_IN.raw,
            "minutes_days": BUILT_IN.minutes,
            "quarters_days": BUILT_IN.quarters,
            "hours_days": BUILT_IN.hours,
            "least_days": BUILT_IN.least,
        }
        return days | given
