"""The broker's connections with what carries their bytes, and their turns on the event loop."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mqtt_ingest.embedded_broker.doors import Doors
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode
from mqtt_ingest.embedded_broker.protocol.server import Server

logger = logging.getLogger(__name__)

# For so many s a client that is told why its connection ends may read that, and send.
CLOSING_SECONDS = 2.0
# Pages and the rest of the process have their turns after this long.
SLICE_SECONDS = 0.005
# What may wait to be sent by a socket before more is handed to it.
WRITE_HIGH = 65_536


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
        if self.connection.state == "closed":  # it took too long to agree on TLS
            transport.abort()
        transport.set_write_buffer_limits(high=WRITE_HIGH)
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
            self._regulate(transport)

    def _close(self, transport: asyncio.Transport, *, has_words: bool) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        asyncio.get_running_loop().call_later(CLOSING_SECONDS, transport.abort)
        if has_words and transport.can_write_eof():
            # Closed with bytes unread, a socket is reset, and the client may not read why.
            transport.write_eof()
            self._read(transport, wanted=True)
        else:
            transport.close()

    def _regulate(self, transport: asyncio.Transport) -> None:
        """Read no further while what was read has not had its turn."""
        connection = self.connection
        waits = connection.is_held or connection.has_more or connection.state == "checking"
        if not transport.is_closing():
            self._read(transport, wanted=not waits)

    def _read(self, transport: asyncio.Transport, *, wanted: bool) -> None:
        if wanted == self._is_reading:
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
        self._is_scheduled = False
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
        self._waiting[connection] = None
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._turns)

    def tick(self) -> None:
        """Look at the time of every connection, and at what is due; about once a second."""
        for connection in list(self._lines):
            with self._surviving(connection):
                connection.tick()
        try:
            self._server.tick()
        except Exception:
            logger.exception("The broker cannot look at what is due; it goes on")

    def end_all(self, end: Callable[[Connection], None]) -> None:
        """End every connection, and send what it is told."""
        for connection in list(self._lines):
            end(connection)
        self._flush()

    @contextmanager
    def _surviving(self, connection: Connection) -> Iterator[None]:
        """Let a mistake of ours end one connection, and not the turns of the others."""
        try:
            yield
        except Exception:
            logger.exception("The broker failed for a client; it goes on without that connection")
            connection.end(ReasonCode.UNSPECIFIED_ERROR)

    def _flush_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        server = self._server
        ready, server.to_flush, server.has_much = server.to_flush, set(), False
        for connection in ready:
            self._flush_one(connection)

    def _flush_one(self, connection: Connection) -> None:
        line = self._lines.get(connection)
        if line is None:
            return
        with self._surviving(connection):
            line.flush()
        if connection.has_more:
            self.another_turn(connection)

    def _turns(self) -> None:
        """Give turns for a moment; those that have had none come first next time."""
        self._is_scheduled = False
        until = time.perf_counter() + SLICE_SECONDS
        for connection in list(self._waiting):
            self._waiting.pop(connection, None)
            with self._surviving(connection):
                connection.turn()
            self._flush_one(connection)
            if self._server.has_much:
                self._flush()
            if time.perf_counter() > until:
                break
        if self._waiting:
            self._schedule()
