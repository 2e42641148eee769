"""How any client of ours reaches a broker: as whom, by what transport, at which address."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import paho.mqtt.client as mqtt

from mqtt_ingest.broker.paho_client import CONNECT_SECONDS, BufferedClient, PlainClient
from mqtt_ingest.brokers import Broker

Opened = TypeVar("Opened")


def plain_client(broker: Broker, client_id: str = "", *, reconnects: bool = True) -> PlainClient:
    """Return a client of a session that ends with its connection, not connected yet."""
    client = PlainClient(
        client_id=client_id,
        clean_session=True,
        reconnect_on_failure=reconnects,
        transport=transport_of(broker),
    )
    client.connect_timeout = CONNECT_SECONDS
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


def open_first(
    client: "PlainClient | BufferedClient", broker: Broker, connect: Callable[[str, int], Opened]
) -> Opened:
    """Call `connect` with each address in turn, until one can be reached; return what it does.

    Args:
        client: that connects.
        broker: whose addresses.
        connect: opens one of them.

    Raises:
        OSError, ValueError: none can, or none within its time; that of the last.
    """
    *others, last = broker.addresses.hosts
    for host, port in others:
        try:
            return _within(client, partial(connect, host, port))
        except (OSError, ValueError):
            continue
    return _within(client, partial(connect, *last))


def _within(client: "PlainClient | BufferedClient", connect: Callable[[], Opened]) -> Opened:
    """Call `connect`; whoever answers drop by drop is cut off."""
    watch = threading.Timer(2 * CONNECT_SECONDS, client.cut_off)
    watch.daemon = True
    watch.start()
    try:
        return connect()
    except (OSError, ValueError):
        client.give_up()
        raise
    except Exception as error:
        client.give_up()
        # paho's handshake of WebSocket meets answers that it did not expect.
        raise OSError(f"what answers there speaks something else ({error!r})") from error
    finally:
        watch.cancel()
