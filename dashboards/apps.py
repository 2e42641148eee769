"""The dashboards app."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """Rows to pixels."""

    name = "dashboards"
