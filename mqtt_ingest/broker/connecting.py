"""Connecting to a broker: how, how often, why it does not come about; and ending a session."""

import random
import ssl
import time
from collections.abc import Iterator

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.timings import KEEPALIVE_SECONDS, SESSION_SECONDS, UNREACHABLE_SECONDS
from mqtt_ingest.broker.paho_client import BufferedClient
from mqtt_ingest.conf import Broker

RECEIVE_MAXIMUM = 10_000


def make_client(broker: Broker, client_id: str) -> BufferedClient:
    """Return a client of a session that `broker` keeps, not connected yet."""
    if broker.version == "5":
        client = BufferedClient(client_id=client_id, manual_ack=True, protocol=mqtt.MQTTv5)
    else:
        client = BufferedClient(
            client_id=client_id, manual_ack=True, protocol=mqtt.MQTTv311, clean_session=False
        )
    client.connect_timeout = 5.0
    _identify(client, broker)
    return client


def _identify(client: mqtt.Client, broker: Broker) -> None:
    """Have `client` show who it is, over TLS where the broker wants that."""
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set_context(broker.context())


def connect(client: BufferedClient, broker: Broker) -> None:
    """Open the connection and send CONNECT. Blocks.

    Raises:
        OSError, ValueError: nothing can be opened there.
    """
    where = (broker.host, broker.port)
    if broker.version != "5":
        client.connect(*where, keepalive=KEEPALIVE_SECONDS)
        return
    kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
    kept.SessionExpiryInterval = SESSION_SECONDS
    kept.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect(*where, keepalive=KEEPALIVE_SECONDS, clean_start=False, properties=kept)


def end_session(broker: Broker, client_id: str) -> None:
    """Connect once with a clean start, which ends the session the broker keeps. Blocks.

    Raises:
        OSError: the broker cannot be reached or does not answer within 5 s.
    """
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    _identify(client, broker)
    client.connect(broker.host, broker.port)
    until = time.monotonic() + 5.0
    while not client.is_connected():
        if time.monotonic() > until:
            raise OSError(f"{broker.where} does not answer")
        client.loop(0.1)
    client.disconnect()


def why_not(error: Exception, *, tls: bool) -> str:
    """Return why no connection comes about, with what to do about TLS."""
    is_cut = isinstance(error, ConnectionResetError | ssl.SSLEOFError)
    if tls and (is_cut or "WRONG_VERSION_NUMBER" in str(error)):
        return f"this port speaks no TLS, it seems; MQTT_URL begins with mqtt then ({error})"
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"certificate verify failed: {error.verify_message}"
        return f"{told}; is MQTT_CA_FILE the CA of this broker?"
    return str(error)


def backoff(first: float = 0.25, cap: float = UNREACHABLE_SECONDS) -> Iterator[float]:
    """Yield endless delays in seconds: doubling, capped, with full jitter from half."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
        delay = min(delay * 2, cap)
