"""The dashboards app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class DashboardsConfig(AppConfig):
    """Rows to pixels."""

    name = "dashboards"

    def ready(self) -> None:
        """Find the widgets of every app."""
        autodiscover_modules("widgets")
