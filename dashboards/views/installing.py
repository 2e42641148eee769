"""What browsers need to put the product on a home screen, and to say that it is away."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext

# Of `css/tokens.css`: the side bar, and what is behind everything.
THEME, BACKGROUND = "#0b6e99", "#f4f6f8"
# Places that a long press on the icon leads to.
SHORTCUTS = ("overview", "boards", "logbook", "status")


def manifest(_request: HttpRequest) -> HttpResponse:
    """Answer the web app manifest (W3C), in the language of the browser."""
    names = {
        "overview": gettext("Devices"),
        "boards": gettext("Boards"),
        "logbook": gettext("Logbook"),
        "status": gettext("Status"),
    }
    body: dict[str, Any] = {
        "id": "/",
        "name": "iotbridge",
        "short_name": "iotbridge",
        "description": gettext("Sensors that publish over MQTT, watched live."),
        "lang": get_language(),
        "start_url": reverse("overview"),
        "scope": "/",
        "display": "standalone",
        "theme_color": THEME,
        "background_color": BACKGROUND,
        "icons": _icons(),
        "shortcuts": [
            {"name": names[name], "url": reverse(name), "icons": [_icon("app-192.png", "192x192")]}
            for name in SHORTCUTS
        ],
    }
    return JsonResponse(body, content_type="application/manifest+json")


def _icons() -> list[dict[str, str]]:
    return [
        _icon("icon.svg", "any") | {"type": "image/svg+xml"},
        _icon("app-192.png", "192x192"),
        _icon("app-512.png", "512x512"),
        _icon("app-maskable-512.png", "512x512") | {"purpose": "maskable"},
    ]


def _icon(name: str, sizes: str) -> dict[str, str]:
    return {"src": static(f"dashboards/{name}"), "sizes": sizes, "type": "image/png"}


def service_worker(request: HttpRequest) -> HttpResponse:
    """Answer the service worker: it shows the page `offline` where no page comes."""
    context = {"release": f"{settings.VERSION} {static('')} {get_language()}"}
    script = "dashboards/installing/service_worker.js"
    return render(request, script, context, content_type="text/javascript")


def offline(request: HttpRequest) -> HttpResponse:
    """Show the page that stands in for all others while the server is away."""
    return render(request, "dashboards/installing/offline.html")
