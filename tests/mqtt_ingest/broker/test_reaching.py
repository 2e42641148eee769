"""A broker is reached over WebSocket, and at whichever of its addresses answers."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from devices.broker_addresses import Addresses
from mqtt_ingest.broker import paho_client, reaching
from mqtt_ingest.broker.connecting import end_session
from mqtt_ingest.broker.reaching import open_first, plain_client
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.structure.observations import Sample
from mqtt_ingest.finding.listening import CannotListen, Listener
from tests.mqtt_ingest.broker.test_outgoing import heard, session
from tests.support import services
from tests.support.factories import broker_at
from tests.support.services import free_port, wait_until

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def websocket() -> Iterator[tuple[services.Service, Broker]]:
    """A Mosquitto that speaks WebSocket beside, and how it is reached by that."""
    port = free_port()
    with services.mosquitto(more=f"\nlistener {port} 127.0.0.1\nprotocol websockets\n") as service:
        wait_until(lambda: services.listens(port), "the listener")
        hosts = (("127.0.0.1", free_port()), ("127.0.0.1", port))
        yield service, Broker(addresses=Addresses("ws", hosts, "/mqtt"))


async def test_packets_of_any_size_come_in_and_go_out(
    websocket: tuple[services.Service, Broker],
) -> None:
    service, broker = websocket
    payloads = [json.dumps({"n": n, "text": "x" * size}) for n, size in enumerate((1, 200, 70_000))]
    got: list[Packet] = []
    all_there = asyncio.Event()

    def take(packet: Packet) -> None:
        got.append(packet)
        if len(got) == 3 * len(payloads):
            all_there.set()

    async with session(broker, filters=["a/#"], feed=take) as made:
        assert await heard(service.port, made, "b/c") == [b"0", b"1", b"2"]
        sender = plain_client(broker)
        open_first(sender, broker)
        sender.loop_start()
        for _ in range(3):
            for payload in payloads:
                sender.publish("a/b", payload, 1)
        async with asyncio.timeout(20):
            await all_there.wait()
        made.acknowledge(got)
        sender.disconnect()
        sender.loop_stop()
    assert [packet.payload.decode() for packet in got] == payloads * 3
    end_session(broker, "publisher")


def test_a_port_without_websocket_says_so(websocket: tuple[services.Service, Broker]) -> None:
    service, _broker = websocket
    wrong = Broker(addresses=Addresses("ws", (("127.0.0.1", service.port),), "/mqtt"))
    with pytest.raises(CannotListen, match="cannot be reached"):
        Listener(wrong, Sample()).open()


def test_the_last_address_says_why_none_can_be_reached() -> None:
    hosts = (("127.0.0.1", free_port()), ("127.0.0.1", free_port()))
    broker = Broker(addresses=Addresses("mqtt", hosts))
    with pytest.raises(CannotListen, match=f"{hosts[1][1]} cannot be reached: .*refused"):
        Listener(broker, Sample()).open()


@contextlib.contextmanager
def answering(serve: Callable[[socket.socket], None]) -> Iterator[Broker]:
    """A WebSocket address whose connections are answered by `serve`, on threads."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _address = server.accept()
                    threading.Thread(target=serve, args=(peer,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        port = server.getsockname()[1]
        yield Broker(addresses=Addresses("ws", (("127.0.0.1", port),), "/mqtt"))
        server.shutdown(socket.SHUT_RDWR)


def odd_answer(peer: socket.socket) -> None:
    with peer:
        peer.recv(1_000)
        peer.sendall(b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept\r\n\r\n")


def drip(peer: socket.socket) -> None:
    with peer, contextlib.suppress(OSError):
        while True:
            peer.sendall(b"H")
            time.sleep(0.05)


@pytest.mark.parametrize("serve", [odd_answer, drip])
def test_an_odd_or_endless_handshake_is_a_connection_that_failed(
    serve: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "CONNECT_SECONDS", 0.3)
    with answering(serve) as broker, pytest.raises(CannotListen, match="cannot be reached"):
        Listener(broker, Sample()).open()


def test_a_listener_ends_at_a_packet_that_is_too_large(
    websocket: tuple[services.Service, Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _broker = websocket
    monkeypatch.setattr(paho_client, "LONGEST_PLAIN", 1_000)
    sender = plain_client(broker_at(service.port))
    sender.connect("127.0.0.1", service.port)
    sender.loop_start()
    sender.publish("large", b"x" * 5_000, 1, retain=True).wait_for_publish(10)
    listener = Listener(broker_at(service.port), Sample())

    def listened() -> None:
        listener.open()
        wait_until(listener.check, "the end")

    with pytest.raises(CannotListen, match="sent a packet of more than"):
        listened()
    listener.close()
    sender.publish("large", b"", 1, retain=True).wait_for_publish(10)
    sender.disconnect()
    sender.loop_stop()
