"""The dashboards app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class DashboardsConfig(AppConfig):
    """Rows to pixels."""

    name = "dashboards"

    def ready(self) -> None:
        """Find the widgets of every app."""
        import dashboards.logbook.widget  # noqa: F401

        autodiscover_modules("widgets")
