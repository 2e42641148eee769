"""MQTT over WebSocket on the pages' port, for tools in browsers (MQTT 5.0, section 6).

A browser sends the Origin of the page that asks: `iotbridge.routing` lets in those of this
server alone. Whatever comes this way is not on this machine for the broker: also from
loopback it has to know the password, as any page in somebody's browser may connect there.
"""

import asyncio
from typing import Any

from mqtt_ingest.embedded_broker.broker import EmbeddedBroker
from mqtt_ingest.embedded_broker.lines import Line
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.rim import Peer

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
        sender = asyncio.create_task(self._send(send))
        try:
            await self._receive(receive)
        finally:
            self._broker.lines.forget(self.connection)
            self.leave()
            self._ready.set()
            await sender

    async def _receive(self, receive: Any) -> None:
        while self.connection.state != "closed":
            message = await receive()
            data = message.get("bytes")
            if message["type"] != "websocket.receive" or data is None:  # [MQTT-6.0.0-1]
                return
            self.connection.receive(data)
            self._broker.lines.another_turn(self.connection)
            # What it sends meanwhile waits with the server of pages.
            while self.connection.has_more or self.connection.is_held:
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
                if data:
                    await send({"type": "websocket.send", "bytes": data})
                if connection.state == "closed":
                    await send({"type": "websocket.close", "code": _NORMAL})
                    return
            except Exception:  # noqa: BLE001 - servers say in ways of their own that nobody is there
                return
            self._sending = 0
            if data:
                connection.written()
                if connection.has_more:
                    self._broker.lines.another_turn(connection)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a WebSocket on `/mqtt`."""
    await receive()  # websocket.connect
    broker = EmbeddedBroker.current
    if broker is None or "mqtt" not in scope.get("subprotocols", ()):  # [MQTT-6.0.0-3]
        await send({"type": "websocket.close", "code": _UNSUPPORTED})
        return
    address = str((scope.get("client") or ["unknown"])[0])
    if not broker.doors.enter(address):
        await send({"type": "websocket.close", "code": _TRY_LATER})
        return
    await send({"type": "websocket.accept", "subprotocol": "mqtt"})
    await WebSocket(broker, address).carry(receive, send)
