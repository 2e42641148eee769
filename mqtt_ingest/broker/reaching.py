"""How any client of ours reaches a broker: as whom, by what transport, at which address."""

from collections.abc import Callable
from typing import Any, TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from mqtt_ingest.brokers import Broker

Opened = TypeVar("Opened")


def plain_client(broker: Broker, client_id: str = "") -> mqtt.Client:
    """Return a client of a session that ends with its connection, not connected yet."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=True,
        transport=transport_of(broker),
    )
    identify(client, broker)
    return client


def transport_of(broker: Broker) -> Any:
    """Return what paho calls the transport."""
    return "websockets" if broker.is_websocket else "tcp"


def identify(client: mqtt.Client, broker: Broker) -> None:
    """Have `client` show who it is, over TLS where the broker wants that."""
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set_context(broker.context())
    if broker.is_websocket:
        client.ws_set_options(path=broker.addresses.path)


def open_first(broker: Broker, connect: Callable[[str, int], Opened]) -> Opened:
    """Call `connect` with each address in turn, until one can be reached; return what it does.

    Raises:
        OSError, ValueError: none can; that of the last.
    """
    *others, last = broker.addresses.hosts
    for host, port in others:
        try:
            return connect(host, port)
        except (OSError, ValueError):
            continue
    return connect(*last)
