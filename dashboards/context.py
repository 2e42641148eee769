"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from devices.access import scope_of


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the version, and how many devices wait for this person to accept them."""

    def pending() -> int:
        return scope_of(request.user).devices().filter(pending=True).count()

    return {"version": settings.VERSION, "pending_count": SimpleLazyObject(pending)}
