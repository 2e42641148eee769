"""MQTT over WebSocket on the pages' port, for tools in browsers (MQTT 5.0, section 6).

A browser sends the Origin of the page that asks: `iotbridge.routing` lets in those of this
server alone. Whatever comes this way is not on this machine for the broker: also from
loopback it has to know the password, as any page in somebody's browser may connect there.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from devices.addresses import client_of_scope
from mqtt_ingest.embedded_broker.broker import EmbeddedBroker
from mqtt_ingest.embedded_broker.lines import WRITE_HIGH, Line
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.rim import Peer

# How often, in s, what still waits to be sent is looked at.
_LOOK_SECONDS = 0.02
# Of what is sent in one message; MQTT's packets need not begin with one.
_PIECE = 65_536
# WebSocket close codes (RFC 6455, section 7.4.1).
_NORMAL, _UNSUPPORTED, _TRY_LATER = 1000, 1003, 1013


class WebSocket(Line):
    """A connection over an ASGI WebSocket."""

    def __init__(self, broker: EmbeddedBroker, address: str) -> None:
        connection = Connection(broker.server, Peer(f"{address} by WebSocket"))
        super().__init__(broker.doors, address, connection)
        self._broker = broker
        # There may be something to send; and something was handled.
        self._ready, self._turned = asyncio.Event(), asyncio.Event()
        self._sending = 0
        connection.unsent = lambda: self._sending

    def flush(self) -> None:
        """Send what is in the connection's `out`, from a task of its own."""
        self.look()
        self._ready.set()
        self._turned.set()

    async def carry(self, receive: Any, send: Any) -> None:
        """Carry bytes both ways until either side ends."""
        self._broker.lines.add(self)
        sender: asyncio.Task[None] | None = None
        try:
            await send({"type": "websocket.accept", "subprotocol": "mqtt"})
            sender = asyncio.create_task(self._send(send))
            await self._receive(receive, _transport(send))
        finally:
            self._broker.lines.forget(self.connection)
            self.leave()
            self._ready.set()
            if sender is not None:
                await sender

    async def _receive(self, receive: Any, transport: Any) -> None:
        connection = self.connection
        while connection.state != "closed":
            message = await receive()
            data = message.get("bytes")
            if message["type"] != "websocket.receive" or data is None:  # [MQTT-6.0.0-1]
                return
            connection.receive(data)
            self._broker.lines.another_turn(connection)
            with _reading_paused(transport):
                await self._handled()

    async def _handled(self) -> None:
        """Wait until what was received has had its turn, and who the client is, is known."""
        connection = self.connection
        while connection.state == "checking" or (
            connection.state != "closed" and (connection.has_more or connection.is_held)
        ):
            self._turned.clear()
            await self._turned.wait()

    async def _send(self, send: Any) -> None:
        connection = self.connection
        while True:
            await self._ready.wait()
            self._ready.clear()
            data = bytes(connection.out)
            connection.out.clear()
            self._sending = len(data)
            try:
                for start in range(0, len(data), _PIECE):
                    piece = data[start : start + _PIECE]
                    await send({"type": "websocket.send", "bytes": piece})
                    await self._taken(_transport(send))
                if connection.state == "closed":
                    await send({"type": "websocket.close", "code": _NORMAL})
                    return
            except Exception:  # noqa: BLE001 - servers say in ways of their own that nobody is there
                with suppress(Exception):  # or that it cannot be sent: never deaf, and open
                    await send({"type": "websocket.close", "code": _TRY_LATER})
                return
            self._sending = 0
            if data:
                connection.written()
                if connection.has_more:
                    self._broker.lines.another_turn(connection)

    async def _taken(self, transport: Any) -> None:
        """Wait until the browser has taken most of what it was sent; Daphne's `send` does not."""
        while _pending(transport) > WRITE_HIGH and self.connection.state != "closed":  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)


def _transport(send: Any) -> Any:
    """Return what Daphne writes to; None with other servers, which wait within `send`."""
    protocol = next(iter(getattr(send, "args", ())), None)
    return getattr(protocol, "transport", None)


def _pending(transport: Any) -> int:
    """Return how many bytes Twisted still has to send."""
    return len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)


@contextmanager
def _reading_paused(transport: Any) -> Iterator[None]:
    """Leave to the socket what comes meanwhile."""
    if not hasattr(transport, "pauseProducing"):
        yield
        return
    transport.pauseProducing()
    try:
        yield
    finally:
        if getattr(transport, "connected", False):
            transport.resumeProducing()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a WebSocket on `/mqtt`."""
    await receive()  # websocket.connect
    broker = EmbeddedBroker.current
    if broker is None or "mqtt" not in scope.get("subprotocols", ()):  # [MQTT-6.0.0-3]
        await send({"type": "websocket.close", "code": _UNSUPPORTED})
        return
    address = client_of_scope(scope, "unknown")
    if not broker.doors.enter(address):
        await send({"type": "websocket.close", "code": _TRY_LATER})
        return
    await WebSocket(broker, address).carry(receive, send)
