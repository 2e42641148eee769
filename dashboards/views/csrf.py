"""The answer to a form that is refused, in words for who set the site up."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say why a form was refused (Django's CSRF_FAILURE_VIEW)."""
    origin = request.headers.get("Origin", "")
    context = {
        "reason": reason,
        "by_origin": bool(origin) and reason.startswith(REASON_BAD_ORIGIN.partition("%")[0]),
        "origin": origin,
        "own": f"{request.scheme}://{request.get_host()}",
        "needs_proxy": origin.startswith("https://") and not request.is_secure(),
        "trusted_proxy": settings.TRUSTED_PROXY,
    }
    return render(request, "403_csrf.html", context, status=403)
