"""The brokers there are, and how each is reached: that of the settings, and those of the rows."""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from devices import broker_addresses, secrets
from devices.addresses import from_here
from devices.broker_addresses import Addresses
from devices.models import Broker as BrokerRow

# Of a broker that nobody has added yet; no name of one.
NEW = "?"


class BadCertificate(ImproperlyConfigured):
    """A certificate or its key is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to reach a broker."""

    addresses: Addresses
    # "" of the one that the settings name.
    name: str = ""
    username: str | None = None
    password: str | None = None
    # MQTT's version: 3.1.1 or 5
    version: str = "3.1.1"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    # The same in PEM format, as rows hold it.
    ca: str = ""
    certificate: str = ""
    private_key: str = ""
    canary: bool = True
    # What of it cannot be used, in words.
    problem: str = ""

    @property
    def where(self) -> str:
        """Return the addresses as people may read them: without the password."""
        return self.addresses.text

    @property
    def tls(self) -> bool:
        """Return whether it is reached over TLS."""
        return self.addresses.tls

    @property
    def setting(self) -> str:
        """Return where its address is set, for people."""
        return f"the address of broker {self.name}" if self.name else "MQTT_URL"

    @property
    def ca_setting(self) -> str:
        """Return where its CA is set, for people."""
        return f"the CA of broker {self.name}" if self.name else "MQTT_CA_FILE"

    def context(self) -> ssl.SSLContext:
        """Return the TLS context: the system's or the given CA, and our certificate.

        Raises:
            BadCertificate: one of them is not what it should be.
        """
        try:
            context = ssl.create_default_context(
                cafile=self.ca_file or None, cadata=self.ca or None
            )
        except (ssl.SSLError, OSError, ValueError) as error:
            told = f" is {self.ca_file!r}, which" if self.ca_file else ""
            what = f"{self.ca_setting}{told}"
            raise BadCertificate(f"{what} holds no certificate in PEM format: {error}") from error
        try:
            self._show(context)
        except (ssl.SSLError, OSError) as error:
            what = (
                f"MQTT_CERT_FILE {self.cert_file!r} and MQTT_KEY_FILE {self.key_file!r}"
                if self.cert_file
                else f"The client certificate and key of broker {self.name}"
            )
            raise BadCertificate(
                f"{what} are no certificate and its key in PEM format, without a password: {error}"
            ) from error
        return context

    def _show(self, context: ssl.SSLContext) -> None:
        """Have `context` show our certificate."""
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file, password="")
        elif self.certificate:
            with _as_file(self.certificate) as certificate, _as_file(self.private_key) as key:
                context.load_cert_chain(certificate, key, password="")


@contextlib.contextmanager
def _as_file(text: str) -> Iterator[str]:
    """Yield the path of a file with `text` that nobody else may read: OpenSSL takes no text."""
    handle, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        yield path
    finally:
        Path(path).unlink()


def of_settings() -> Broker:
    """Return the broker that MQTT_URL names."""
    found = broker_addresses.parse(settings.MQTT_URL)
    return Broker(
        addresses=found,
        username=found.username,
        password=found.password,
        version=settings.MQTT_VERSION,
        ca_file=settings.MQTT_CA_FILE,
        cert_file=settings.MQTT_CERT_FILE,
        key_file=settings.MQTT_KEY_FILE,
        canary=settings.MQTT_CANARY,
    )


def embedded() -> Broker:
    """Return how a client on this machine reaches the embedded broker.

    Where that listens on one address alone, it asks even us for its password.
    """
    return Broker(
        addresses=Addresses("mqtt", ((from_here(settings.MQTT_BIND), settings.MQTT_PORT),)),
        username="iotbridge",
        password=settings.MQTT_PASSWORD or None,
    )


def first() -> Broker:
    """Return the broker that the settings name, or the embedded one where they name none."""
    return embedded() if broker_addresses.uses_embedded() else of_settings()


def of_row(row: BrokerRow) -> Broker:
    """Return how the broker of `row` is reached; what cannot be used of it is its `problem`."""
    problem, password, key = "", "", ""
    try:
        password, key = secrets.unseal(row.password), secrets.unseal(row.private_key)
    except secrets.Unsealed as error:
        problem = f"its password cannot be read: {error}. Enter it again"
    try:
        addresses = broker_addresses.parse(row.addresses)
    except broker_addresses.BadAddress as error:
        addresses, problem = Addresses("mqtt", (("unusable", 0),)), str(error)
    made = Broker(
        addresses=addresses,
        name=row.name,
        username=row.username or None,
        password=password or None,
        version=row.version,
        ca=row.ca.strip(),
        certificate=row.certificate.strip(),
        private_key=key,
        canary=row.canary,
        problem=problem,
    )
    return made if problem or not made.tls else replace(made, problem=_tls_problem(made))


@lru_cache(maxsize=256)
def _tls_problem(broker: Broker) -> str:
    """Return what is wrong with the certificates of `broker`; looked at once."""
    try:
        broker.context()
    except BadCertificate as error:
        return str(error)
    return ""


def added() -> list[tuple[Broker, bool]]:
    """Return the brokers that people have added, and whether each is switched on."""
    return [(of_row(row), row.enabled) for row in BrokerRow.objects.all()]


def are_several() -> bool:
    """Return whether people have added brokers to that of the settings."""
    return BrokerRow.objects.filter(enabled=True).exists()


def find(name: str) -> Broker:
    """Return the broker `name`; "" is that of the settings.

    Raises:
        LookupError: there is none.
    """
    if not name:
        return first()
    row = BrokerRow.objects.filter(name=name).first()
    if row is None:
        raise LookupError(name)
    return of_row(row)


def at(text: str) -> Broker:
    """Return the broker at addresses that somebody gives, known or not (its name is then `NEW`).

    Raises:
        BadAddress: they are none.
    """
    found = broker_addresses.parse(text)
    settings_own = first()
    if found.text == settings_own.where and found.username in {None, settings_own.username}:
        return settings_own
    known = BrokerRow.objects.filter(addresses=found.text)
    if found.username is not None:
        known = known.filter(username=found.username)
    made = Broker(
        addresses=found, name=NEW, username=found.username, password=found.password, canary=False
    )
    row = known.first()
    if row is None:
        return made
    own = of_row(row)
    return replace(own, password=found.password) if found.password else own


def check_files() -> None:
    """Read the certificates that the settings name.

    Raises:
        ImproperlyConfigured: a file is not what its setting says.
    """
    found = of_settings()
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
