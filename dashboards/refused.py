"""The answer to a form that is refused, in words for who set the site up."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# What Django says where the page is older than the session, or has no cookie.
_TOKEN = ("token", "cookie")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say why a form was refused (Django's CSRF_FAILURE_VIEW)."""
    origin = request.headers.get("Origin", "")
    context = {
        "reason": reason,
        "by_origin": not any(word in reason.lower() for word in _TOKEN),
        "origin": origin,
        "own": f"{request.scheme}://{request.get_host()}",
        "needs_proxy": origin.startswith("https://") and not request.is_secure(),
        "trusted_proxy": settings.TRUSTED_PROXY,
    }
    return render(request, "403_csrf.html", context, status=403)
