"""The devices app."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Registry, history and access; the lowest of our layers."""

    name = "devices"
    verbose_name = "Devices"

    def ready(self) -> None:
        """Connect the signals that keep running workers in step with the registry."""
        from devices import registry

        registry.connect()
