"""Connecting to a broker: how, how often, why it does not come about; and ending a session."""

import random
import ssl
import time
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
from django.conf import settings
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.timings import KEEPALIVE_SECONDS, SESSION_SECONDS, UNREACHABLE_SECONDS
from mqtt_ingest.broker.paho_client import BufferedClient
from mqtt_ingest.broker.reaching import identify, open_first, plain_client, transport_of
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.topics import MAX_BYTES

RECEIVE_MAXIMUM = 10_000
# Of a packet besides topic and payload: properties of MQTT 5.
HEADROOM = 65_536


def make_client(broker: Broker, client_id: str) -> BufferedClient:
    """Return a client of a session that `broker` keeps, not connected yet."""
    if broker.version == "5":
        kind: dict[str, Any] = {"protocol": mqtt.MQTTv5}
    else:
        kind = {"protocol": mqtt.MQTTv311, "clean_session": False}
    client = BufferedClient(
        longest=settings.MAX_PAYLOAD_BYTES + MAX_BYTES + HEADROOM,
        client_id=client_id,
        manual_ack=True,
        transport=transport_of(broker),
        **kind,
    )
    identify(client, broker)
    return client


def connect(client: BufferedClient, broker: Broker) -> None:
    """Open the connection and send CONNECT. Blocks.

    Raises:
        OSError, ValueError: nothing can be opened at any of its addresses.
    """
    options: dict[str, Any] = {"keepalive": KEEPALIVE_SECONDS}
    if broker.version == "5":
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
        kept.SessionExpiryInterval = SESSION_SECONDS
        kept.ReceiveMaximum = RECEIVE_MAXIMUM
        options |= {"clean_start": False, "properties": kept}
    open_first(client, broker, **options)


def end_session(broker: Broker, client_id: str) -> None:
    """Connect once with a clean start, which ends the session the broker keeps. Blocks.

    Raises:
        OSError: the broker cannot be reached or does not answer within 5 s.
    """
    client = plain_client(broker, client_id)
    open_first(client, broker)
    until = time.monotonic() + 5.0
    while not client.is_connected():
        if time.monotonic() > until:
            raise OSError(f"{broker.where} does not answer")
        client.loop(0.1)
    client.disconnect()


def why_not(error: Exception, broker: Broker) -> str:
    """Return why no connection comes about, with what to do about TLS."""
    is_cut = isinstance(error, ConnectionResetError | ssl.SSLEOFError)
    if broker.tls and (is_cut or "WRONG_VERSION_NUMBER" in str(error)):
        plain = broker.addresses.scheme.removesuffix("s")
        told = f"this port speaks no TLS, it seems; {broker.setting} begins with {plain} then"
        return f"{told} ({error})"
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"certificate verify failed: {error.verify_message}"
        return f"{told}; is {broker.ca_setting} the CA of this broker?"
    if isinstance(error, mqtt.WebsocketConnectionError):
        return f"no MQTT over WebSocket is served there at {broker.addresses.path} ({error})"
    return str(error)


def backoff(first: float = 0.25, cap: float = UNREACHABLE_SECONDS) -> Iterator[float]:
    """Yield endless delays in seconds: doubling, capped, with full jitter from half."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
        delay = min(delay * 2, cap)
