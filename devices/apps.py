"""The devices app."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Registry, history and access; the lowest of our layers."""

    name = "devices"
    verbose_name = "Devices"

    def ready(self) -> None:
        """Keep workers in step with the registry and pages with rights; offer our kind of job."""
        from devices import registry
        from devices.access import revocation
        from devices.exports.job import ExportWork
        from devices.jobs import runner

        registry.connect()
        revocation.connect()
        runner.register("export", ExportWork)
