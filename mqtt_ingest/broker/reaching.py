"""How any client of ours reaches a broker: as whom, by what transport, at which address."""

import threading
from typing import Any

import paho.mqtt.client as mqtt

from mqtt_ingest.broker.paho_client import CONNECT_SECONDS, BufferedClient, PlainClient
from mqtt_ingest.brokers import Broker


def plain_client(broker: Broker, client_id: str = "", *, reconnects: bool = True) -> PlainClient:
    """Return a client of a session that ends with its connection, not connected yet."""
    client = PlainClient(
        client_id=client_id,
        clean_session=True,
        reconnect_on_failure=reconnects,
        transport=transport_of(broker),
    )
    identify(client, broker)
    return client


def transport_of(broker: Broker) -> Any:
    """Return what paho calls the transport."""
    return "websockets" if broker.addresses.is_websocket else "tcp"


def identify(client: mqtt.Client, broker: Broker) -> None:
    """Have `client` show who it is, over TLS where the broker wants that."""
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set_context(broker.context())
    if broker.addresses.is_websocket:
        client.ws_set_options(path=broker.addresses.path)


def open_first(client: "PlainClient | BufferedClient", broker: Broker, **options: Any) -> None:
    """Connect `client` to the first address of `broker` that can be reached. Blocks.

    Args:
        client: that connects.
        broker: whose addresses.
        options: of paho's `connect`.

    Raises:
        OSError, ValueError: none can, or none within its time; that of the last.
    """
    *others, last = broker.addresses.hosts
    for host in others:
        try:
            return _open(client, host, options)
        except (OSError, ValueError):
            continue
    return _open(client, last, options)


def _open(
    client: "PlainClient | BufferedClient", host: tuple[str, int], options: dict[str, Any]
) -> None:
    """Connect; whoever answers drop by drop is cut off."""
    watch = threading.Timer(2 * CONNECT_SECONDS, client.cut_off)
    watch.daemon = True
    watch.start()
    try:
        client.connect(*host, **options)
    except Exception as error:
        client.give_up()
        if isinstance(error, OSError | ValueError):
            raise
        # paho's handshake of WebSocket meets answers that it did not expect.
        raise OSError(f"what answers there speaks something else ({error!r})") from error
    finally:
        watch.cancel()
