"""The parts that pages are made of, in all their states: for developers, and for screenshots."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboards.presentation.icons import ICONS


@login_required
def parts_page(request: HttpRequest) -> HttpResponse:
    """Show every part."""
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied
    return render(request, "dashboards/parts.html", {"icons": ICONS})
