"""The ingest app."""

from django.apps import AppConfig


class MqttIngestConfig(AppConfig):
    """Packets to rows."""

    name = "mqtt_ingest"
    verbose_name = "MQTT ingest"

    def ready(self) -> None:
        """Register the system checks, our kind of job, and what only this app can count."""
        from devices.jobs import runner
        from devices.monitoring import losses
        from devices.registry import kinds, undecoded
        from devices.registry import sources as checked
        from mqtt_ingest import checks, converting, sources  # noqa: F401 - checks register themselves
        from mqtt_ingest.core import conventions
        from mqtt_ingest.importing import ImportWork
        from mqtt_ingest.stores import deadletters

        runner.register("import", ImportWork)
        runner.register(converting.KIND, converting.ConvertWork)
        kinds.converters.append(converting.ask)
        checked.checks.append(sources.problems)
        checked.conventions.append(conventions.names)
        losses.counters.append(deadletters.counted)
        undecoded.lookups.append(deadletters.last_of)
