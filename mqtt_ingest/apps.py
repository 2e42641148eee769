"""The ingest app."""

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MqttIngestConfig(AppConfig):
    """Packets to rows."""

    name = "mqtt_ingest"
    verbose_name = _("MQTT ingest")

    def ready(self) -> None:
        """Register the system checks, our kind of job, and what only this app can count."""
        from devices import source_checks as checked
        from devices import source_port
        from devices.background import services
        from devices.jobs import runner
        from devices.monitoring import losses
        from devices.registry import kinds, undecoded
        from mqtt_ingest import checks, kind_conversion, sources  # noqa: F401 - checks register themselves
        from mqtt_ingest.core import conventions
        from mqtt_ingest.finding import discover_job
        from mqtt_ingest.import_job import ImportWork
        from mqtt_ingest.source_editing import SourceEditing
        from mqtt_ingest.storing import dead_letters

        conventions.load_installed()
        source_port.answer_by(SourceEditing())
        services.register(dead_letters.Evicting)
        runner.register("import", ImportWork)
        runner.register(discover_job.KIND, discover_job.DiscoverWork)
        runner.register(kind_conversion.KIND, kind_conversion.ConvertWork)
        hooks: list[tuple[list[Any], Any]] = [
            (kinds.converters, kind_conversion.ask),
            (checked.checks, sources.problems),
            (checked.conventions, conventions.names),
            (losses.counters, dead_letters.counted),
            (undecoded.lookups, dead_letters.last_of),
        ]
        for known, ours in hooks:
            # Django calls `ready` again where a test changes INSTALLED_APPS.
            if ours not in known:
                known.append(ours)
