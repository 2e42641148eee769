"""The ingest app."""

from django.apps import AppConfig


class MqttIngestConfig(AppConfig):
    """Packets to rows."""

    name = "mqtt_ingest"
    verbose_name = "MQTT ingest"

    def ready(self) -> None:
        """Register the system checks, and what only this app can count."""
        from devices import losses
        from mqtt_ingest import checks  # noqa: F401 - registers itself
        from mqtt_ingest.stores import deadletters

        losses.counters.append(deadletters.counted)
