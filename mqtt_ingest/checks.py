"""System checks of the ingest app."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from mqtt_ingest import brokers


@register()
def check_app_order(**_kwargs: Any) -> list[CheckMessage]:
    """Our `runworker` must be found before that of Channels."""
    apps = list(settings.INSTALLED_APPS)
    if "channels" not in apps or apps.index("mqtt_ingest") < apps.index("channels"):
        return []
    return [
        Error(
            "mqtt_ingest comes after channels in INSTALLED_APPS, so Channels' own runworker "
            "would be started, which never builds the ingest consumer.",
            hint="List mqtt_ingest before channels.",
            id="mqtt_ingest.E001",
        )
    ]


@register()
def check_certificates(**_kwargs: Any) -> list[CheckMessage]:
    """Look into the files; a warning, as other processes may not be allowed to read them."""
    try:
        brokers.check_files()
    except ImproperlyConfigured as error:
        return [CheckWarning(str(error), id="mqtt_ingest.W001")]
    return []


@register()
def check_client_certificate(**_kwargs: Any) -> list[CheckMessage]:
    """A client certificate needs its key, and the other way round."""
    if bool(settings.MQTT_CERT_FILE) == bool(settings.MQTT_KEY_FILE):
        return []
    return [
        Error(
            "Of MQTT_CERT_FILE and MQTT_KEY_FILE only one is set.",
            hint="Set both, for example MQTT_CERT_FILE=/etc/ssl/worker.crt and "
            "MQTT_KEY_FILE=/etc/ssl/worker.key",
            id="mqtt_ingest.E002",
        )
    ]


@register()
def check_own_certificate(**_kwargs: Any) -> list[CheckMessage]:
    """The embedded broker's certificate needs its key, and the other way round."""
    if bool(settings.MQTT_TLS_CERT_FILE) == bool(settings.MQTT_TLS_KEY_FILE):
        return []
    return [
        Error(
            "Of MQTT_TLS_CERT_FILE and MQTT_TLS_KEY_FILE only one is set.",
            hint="Set both, for example MQTT_TLS_CERT_FILE=/etc/ssl/broker.crt and "
            "MQTT_TLS_KEY_FILE=/etc/ssl/broker.key",
            id="mqtt_ingest.E003",
        )
    ]
