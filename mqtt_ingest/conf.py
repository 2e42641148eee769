"""The ingest settings as frozen values, and where they come from."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from devices.addresses import from_here, in_url
from devices.datetime_texts import zone_or_utc
from devices.models import Identity, Source
from mqtt_ingest import sources
from mqtt_ingest.core.limits import MICROSECONDS, Limits
from mqtt_ingest.core.router import Route
from mqtt_ingest.core.sharing import Filters
from mqtt_ingest.core.topics import uncovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to reach the broker."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    # MQTT's version: 3.1.1 or 5
    version: str = "3.1.1"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    @property
    def where(self) -> str:
        """Return the address as people may read it: without the password."""
        return f"mqtt{'s' if self.tls else ''}://{in_url(self.host)}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """Return the TLS context: the system's or the given CA, and our certificate.

        Raises:
            ImproperlyConfigured: a file is not what its setting says.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (ssl.SSLError, OSError) as error:
            raise ImproperlyConfigured(
                f"MQTT_CA_FILE is {self.ca_file!r}, which holds no certificate in PEM format: "
                f"{error}"
            ) from error
        try:
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file, password="")
        except (ssl.SSLError, OSError) as error:
            raise ImproperlyConfigured(
                f"MQTT_CERT_FILE {self.cert_file!r} and MQTT_KEY_FILE {self.key_file!r} are no "
                f"certificate and its key in PEM format, without a password: {error}"
            ) from error
        return context


def broker(url: str | None = None) -> Broker:
    """Return the broker that MQTT_URL (or `url`) names."""
    parts = urlsplit(url or settings.MQTT_URL)
    tls = parts.scheme == "mqtts"
    return Broker(
        host=unquote(parts.hostname or "127.0.0.1"),
        port=parts.port or (8883 if tls else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        version=settings.MQTT_VERSION,
        ca_file=settings.MQTT_CA_FILE,
        cert_file=settings.MQTT_CERT_FILE,
        key_file=settings.MQTT_KEY_FILE,
    )


def embedded_broker() -> Broker:
    """Return how a client on this machine reaches the embedded broker.

    Where that listens on one address alone, it asks even us for its password.
    """
    return Broker(
        host=from_here(settings.MQTT_BIND),
        port=settings.MQTT_PORT,
        username="iotbridge",
        password=settings.MQTT_PASSWORD or None,
    )


def check_files() -> None:
    """Read the certificates that the settings name.

    Raises:
        ImproperlyConfigured: a file is not what its setting says.
    """
    found = broker()
    for name in ("ca_file", "cert_file", "key_file"):
        path = getattr(found, name)
        try:
            if path:
                Path(path).read_bytes()
        except OSError as error:
            raise ImproperlyConfigured(
                f"MQTT_{name.upper()} is {path!r}, which cannot be read: {error.strerror}. "
                "Point it at a file in PEM format"
            ) from error
    if found.tls:
        found.context()


def limits(source: Source | None = None) -> Limits:
    """Return the limits on packets that the settings, and its own fields for `source`, give."""
    clock = source.clock if source else "sane"
    return Limits(
        payload_bytes=settings.MAX_PAYLOAD_BYTES,
        nesting=settings.MAX_NESTING,
        samples=settings.MAX_SAMPLES_PER_PACKET,
        array_elements=settings.MAX_ARRAY_ELEMENTS,
        text_length=settings.MAX_TEXT_LENGTH,
        clock="arrival" if clock == "arrival" else "sane",
        retention=settings.RETENTION_DAYS * 86_400 * MICROSECONDS,
        zone=zone_or_utc(source.zone if source else ""),
        zones=_zones(source) if source else {},
        spread_equal=bool(source and source.spread_equal),
        numbers_in_text=settings.NUMBERS_IN_TEXT,
        no_reading=settings.NO_READING_WORDS,
    )


def _zones(source: Source) -> dict[str, tzinfo]:
    """Return the zones of the source's devices that have one of their own, by native id."""
    named = Identity.objects.filter(source=source).exclude(device__zone="")
    return {
        native_id: zone_or_utc(name)
        for native_id, name in named.values_list("native_id", "device__zone")
    }


def routes() -> list[Route]:
    """Return how the packets of each enabled source are read."""
    return read_sources()[0]


def filters() -> Filters:
    """Return the topic filters of all enabled sources."""
    return read_sources()[1]


def read_sources(now: Sequence[Route] = ()) -> tuple[list[Route], Filters]:
    """Return both, read at once.

    What must stay in order (status, discovery, what is spread by arrival), and sources that
    may not be shared or that remember, belong to slot 0 alone.

    Args:
        now: the routes in use: what their conventions remember stays.
    """
    usable = list(sources.usable({route.source: route.convention for route in now}))
    spread = [name for one in usable if _is_shared(one) for name in one.spread]
    ordered = [name for one in usable if not _is_shared(one) for name in one.spread]
    ordered += [name for one in usable for name in one.ordered]
    routes = [
        Route(one.source.name, one.convention, limits(one.source), (*one.spread, *one.ordered))
        for one in usable
    ]
    alone = uncovered(tuple(ordered))
    return routes, Filters(list(uncovered(tuple(spread), alone)), list(alone))


def _is_shared(one: sources.Usable) -> bool:
    return one.source.shared and not (one.source.spread_equal or one.convention.is_stateful)
