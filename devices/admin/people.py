"""API tokens in admin: seen and revoked here, made by `manage.py create_token`."""

from django.contrib import admin
from django.http import HttpRequest

from devices.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Tokens by person."""

    list_display = ["user", "note", "created_at"]
    search_fields = ["user__username", "note"]
    readonly_fields = ["user", "created_at"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Only the command can show a token, so only it makes one."""
        return False
