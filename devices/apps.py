"""The devices app."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Registry, history and access; the lowest of our layers."""

    name = "devices"
    verbose_name = "Devices"

    def ready(self) -> None:
        """Connect signals that keep workers in step with the registry; offer our kind of job."""
        from devices import registry
        from devices.exports.work import ExportWork
        from devices.jobs import runner

        registry.connect()
        runner.register("export", ExportWork)
