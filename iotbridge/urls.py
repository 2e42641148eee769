"""Every path of the web process."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from dashboards.api import api
from dashboards.login import ThrottledAdminLogin

admin.site.site_header = "iotbridge"
admin.site.site_title = "iotbridge"
admin.site.index_title = "Registry"
admin.site.login_form = ThrottledAdminLogin


def _extra() -> list[URLPattern | URLResolver]:
    """Return the pages of EXTRA_APPS that bring a `urls` module, below /x/."""
    return [
        path("x/", include(f"{app}.urls"))
        for app in settings.EXTRA_APPS
        if find_spec(f"{app}.urls") is not None
    ]


urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    *_extra(),
    path("", include("dashboards.urls")),
]
