"""The embedded broker as the settings want it."""

import resource
import ssl
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from mqtt_ingest.embedded_broker.broker import Door, EmbeddedBroker
from mqtt_ingest.embedded_broker.doors import Admission
from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.source import EmbeddedSource

# Descriptors that are not for devices: pages, sockets, files of the database.
KEPT_FOR_PAGES = 400
# As many as are asked of the system, where it allows so many.
_WANTED = 65_536
# Larger packets than are stored are taken, so that they become dead letters; but not any.
_LEAST_PACKET = 1_000_000


def make(source: EmbeddedSource) -> EmbeddedBroker:
    """Return the broker, not started yet.

    Raises:
        ImproperlyConfigured: the files for TLS cannot be used.
    """
    doors = [Door(bind=settings.MQTT_BIND, port=settings.MQTT_PORT)]
    context = tls()
    if context is not None:
        port = settings.MQTT_TLS_PORT
        doors.append(Door(bind=settings.MQTT_BIND, port=port, context=context))
    packet_bytes = max(_LEAST_PACKET, 2 * settings.MAX_PAYLOAD_BYTES)
    return EmbeddedBroker(
        source,
        doors=doors,
        password=settings.MQTT_PASSWORD,
        folder=Path(settings.DATA_DIR),
        limits=Limits(packet_bytes=packet_bytes, queued_bytes=16 * packet_bytes),
        admission=Admission(connections=min(settings.MQTT_MAX_CONNECTIONS, _room())),
    )


def tls() -> ssl.SSLContext | None:
    """Return what TLS is spoken by; None where no files are given for it.

    Raises:
        ImproperlyConfigured: they cannot be used.
    """
    files = settings.MQTT_TLS_CERT_FILE, settings.MQTT_TLS_KEY_FILE
    if not all(files):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password: a key that has one would be asked for on a terminal.
        context.load_cert_chain(*files, password=b"")
    except (OSError, ssl.SSLError) as error:
        raise ImproperlyConfigured(
            f"MQTT_TLS_CERT_FILE {files[0]} and MQTT_TLS_KEY_FILE {files[1]} cannot be used: "
            f"{error}"
        ) from error
    return context


def raise_descriptors() -> None:
    """Let this process open as many files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft < wanted:
        with suppress(ValueError, OSError):  # as many as there are will do
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _room() -> int:
    """Return how many descriptors there are for devices."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, soft - KEPT_FOR_PAGES)
