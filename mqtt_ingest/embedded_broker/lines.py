"""The broker's connections with what carries their bytes, and their turns on the event loop."""

import asyncio
import time
from collections.abc import Callable

from mqtt_ingest.embedded_broker.doors import Doors
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.server import Server

# For so many s a client that is told why its connection ends may read that, and send.
CLOSING_SECONDS = 2.0
# Pages and the rest of the process have their turns after this long.
SLICE_SECONDS = 0.005
# What asyncio buffers of a connection before it says so.
_WRITE_HIGH = 65_536


class Line:
    """A connection with what carries its bytes; `Socket` and the WebSocket are such."""

    def __init__(self, doors: Doors, address: str, connection: Connection) -> None:
        self.connection = connection
        self._doors = doors
        self._address = address
        self._is_known = False
        self._has_left = False

    def look(self) -> None:
        """Note when the client has said who it is."""
        if not self._is_known and self.connection.state == "connected":
            self._is_known = True
            self._doors.known(self._address)

    def leave(self) -> None:
        """Note that the connection is gone, once."""
        if not self._has_left:
            self._has_left = True
            self.connection.lost()
            self._doors.leave(self._address, was_known=self._is_known)

    def flush(self) -> None:
        """Send what is in the connection's `out`; close where it has ended."""
        raise NotImplementedError


class Socket(asyncio.Protocol, Line):
    """A connection over TCP or TLS."""

    def __init__(self, lines: "Lines", doors: Doors, address: str, connection: Connection) -> None:
        super().__init__(doors, address, connection)
        self._lines = lines
        self._transport: asyncio.Transport | None = None
        self._is_reading = True
        self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_WRITE_HIGH)
        self.connection.unsent = transport.get_write_buffer_size

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        self.connection.receive(data)
        self._lines.another_turn(self.connection)

    def resume_writing(self) -> None:
        """Go on: the client has taken most of what it was sent."""
        self._lines.another_turn(self.connection)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        """Note the end."""
        self._transport = None
        self._lines.forget(self.connection)
        self.leave()

    def flush(self) -> None:
        """Hand to the socket what is to be sent."""
        connection, transport = self.connection, self._transport
        self.look()
        if transport is None:
            return
        has_words = bool(connection.out)
        if has_words:
            transport.write(bytes(connection.out))
            connection.out.clear()
            connection.written()
        if connection.state == "closed":
            self._close(transport, has_words=has_words)
        else:
            self._regulate()

    def _close(self, transport: asyncio.Transport, *, has_words: bool) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        asyncio.get_running_loop().call_later(CLOSING_SECONDS, transport.abort)
        if has_words and transport.can_write_eof():
            # Closed with bytes unread, a socket is reset, and the client may not read why.
            transport.write_eof()
            if not self._is_reading:
                self._is_reading = True
                transport.resume_reading()
        else:
            transport.close()

    def _regulate(self) -> None:
        """Read no further while what was read has not had its turn."""
        transport, connection = self._transport, self.connection
        wanted = not (connection.is_held or connection.has_more)
        if (
            transport is None
            or self._is_closing
            or transport.is_closing()
            or wanted == self._is_reading
        ):
            return
        self._is_reading = wanted
        if wanted:
            transport.resume_reading()
        else:
            transport.pause_reading()


class Lines:
    """All lines of a server, and their turns on the event loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lines: dict[Connection, Line] = {}
        # In the order of their turns.
        self._waiting: dict[Connection, None] = {}
        server.on_output = self._flush_soon

    def add(self, line: Line) -> None:
        """Take care of a line."""
        self._lines[line.connection] = line

    def forget(self, connection: Connection) -> None:
        """Forget a line that is gone."""
        self._lines.pop(connection, None)
        self._waiting.pop(connection, None)

    def another_turn(self, connection: Connection) -> None:
        """Let `connection` go on after the others."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turns)
        self._waiting[connection] = None

    def tick(self) -> None:
        """Look at the time of every connection, and at what is due; about once a second."""
        for connection in list(self._lines):
            connection.tick()
        self._server.tick()

    def end_all(self, end: Callable[[Connection], None]) -> None:
        """End every connection, and send what it is told."""
        for connection in list(self._lines):
            end(connection)
        self._flush()

    def _flush_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        server = self._server
        ready, server.to_flush = server.to_flush, set()
        for connection in ready:
            line = self._lines.get(connection)
            if line is not None:
                line.flush()
                if connection.has_more:
                    self.another_turn(connection)

    def _turns(self) -> None:
        """Give turns for a moment; those that have had none come first next time."""
        until = time.perf_counter() + SLICE_SECONDS
        waiting = self._waiting
        for connection in list(waiting):
            del waiting[connection]
            connection.turn()
            line = self._lines.get(connection)
            if line is not None:
                line.flush()
                if connection.has_more:
                    waiting[connection] = None
            if time.perf_counter() > until:
                break
        if waiting:
            asyncio.get_running_loop().call_soon(self._turns)
