"""API tokens in admin: seen and revoked here, made by `manage.py create_token`. Kiosks."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.access import kiosks
from devices.admin.bounded_search import BoundedSearch
from devices.models import ApiToken, Kiosk


@admin.register(ApiToken)
class ApiTokenAdmin(BoundedSearch[ApiToken]):
    """Tokens by person."""

    list_display = ["user", "note", "created_at"]
    search_fields = ["user__username", "note"]
    readonly_fields = ["user", "created_at"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Only the command can show a token, so only it makes one."""
        return False


@admin.register(Kiosk)
class KioskAdmin(admin.ModelAdmin[Kiosk]):
    """Screens by site; deleting one takes the site off it within a second."""

    list_display = ["name", "site", "enrolled_at"]
    list_filter = ["site"]
    readonly_fields = ["enrolled_at", "created_at"]
    actions = ["give_new_code"]

    def save_model(self, request: HttpRequest, obj: Kiosk, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Save, and tell the code of a screen that is new."""
        super().save_model(request, obj, form, change)
        if not change:
            _tell_code(request, obj)

    @admin.action(
        description=gettext_lazy("New code, for another screen in its place"),
        permissions=["change"],
    )
    def give_new_code(self, request: HttpRequest, queryset: QuerySet[Kiosk]) -> None:
        """Tell a new code of each."""
        for kiosk in queryset:
            _tell_code(request, kiosk)


def _tell_code(request: HttpRequest, kiosk: Kiosk) -> None:
    where = request.build_absolute_uri(reverse("kiosk", args=[kiosks.new_code(kiosk)]))
    messages.info(request, f"Open this on the screen {kiosk.name}, within a day, once: {where}")
