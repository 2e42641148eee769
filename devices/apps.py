"""The devices app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DevicesConfig(AppConfig):
    """Registry, history and access; the lowest of our layers."""

    name = "devices"
    verbose_name = _("Devices")

    def ready(self) -> None:
        """Keep workers in step with the registry and pages with rights; offer what we do."""
        from devices import registry
        from devices.access import revocation
        from devices.exports.job import ExportWork
        from devices.jobs import runner

        registry.connect()
        revocation.connect()
        runner.register("export", ExportWork)
        _register_services()


def _register_services() -> None:
    """Have workers host our background services, and keep changes until each has seen them."""
    from devices import rollups
    from devices.background import services
    from devices.changelog import consumer
    from devices.jobs.runner import JobFiles, Runner
    from devices.monitoring.scales import Scales
    from devices.monitoring.times_ahead import TimesAhead
    from devices.registry.purge import Purging
    from devices.retention.sweeper import Sweeper
    from devices.rollups.roller import Roller

    consumer.register(rollups.CONSUMER)
    upkeep = (Purging, consumer.Pruning, JobFiles, TimesAhead, Scales)
    for service in (Roller, Sweeper, Runner, *upkeep):
        services.register(service)
