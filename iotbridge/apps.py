"""The project itself as an app: system checks and the standalone command."""

from django.apps import AppConfig


class IotbridgeConfig(AppConfig):
    """Wiring."""

    name = "iotbridge"

    def ready(self) -> None:
        """Register the system checks."""
        from iotbridge import checks  # noqa: F401 - registers itself
