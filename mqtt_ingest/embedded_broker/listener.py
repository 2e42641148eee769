"""The broker's listening sockets, for TCP and TLS."""

import asyncio
import errno
import gc
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable

from devices.addresses import is_loopback
from mqtt_ingest.embedded_broker.doors import Doors
from mqtt_ingest.embedded_broker.lines import Lines, Socket
from mqtt_ingest.embedded_broker.protocol.connection import Connection
from mqtt_ingest.embedded_broker.protocol.rim import Peer
from mqtt_ingest.embedded_broker.protocol.server import Server

# Connections that are accepted before others have a turn.
_AT_ONCE = 50
_BACKLOG = 512
# After so many failed handshakes their remains are freed.
SWEPT_AFTER = 2_000
# A record of TLS has 16 kB; asyncio would take 256 kB for each connection.
SSLProtocol.max_size = 16 * 1024
# After so many s a process that is out of descriptors tries to accept again.
_NO_DESCRIPTOR_SECONDS = 1.0


class Listener:
    """A listening socket."""

    def __init__(
        self,
        server: Server,
        lines: Lines,
        doors: Doors,
        log: Callable[[str, str], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; with `context`, TLS is spoken."""
        self._server = server
        self._lines = lines
        self._doors = doors
        self._log = log
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = 0

    def listen(self, bind: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the address is none of this machine, or in use.
        """
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((bind, port))
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
        listening.setblocking(False)  # noqa: FBT003 - as the standard library has it
        self._socket = listening
        self._accept_on()

    def close(self) -> None:
        """Let nobody in any more."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _accept_on(self) -> None:
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _client in range(_AT_ONCE):
            if self._socket is None:
                return
            try:
                client, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            self._admit(client, str(address[0]))

    def _rest(self, error: OSError) -> None:
        """Accept nothing for a moment: there is no descriptor, or no memory."""
        name = errno.errorcode.get(error.errno or 0, str(error))
        self._log("accept", f"cannot accept connections: {name}")
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_NO_DESCRIPTOR_SECONDS, self._accept_on)

    def _admit(self, client: socket.socket, address: str) -> None:
        if not self._doors.enter(address):
            client.close()
            return
        client.setblocking(False)  # noqa: FBT003 - as the standard library has it
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection = Connection(self._server, Peer(address, is_loopback(address)))
        line = Socket(self._lines, self._doors, address, connection)
        self._lines.add(line)
        task = self._loop.create_task(self._carry(client, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _sweep(self) -> None:
        """Free what failed handshakes leave behind, which are cycles with a buffer each.

        Nothing else makes many cycles, so the process looks for them rarely.
        """
        self._failed += 1
        if self._failed >= SWEPT_AFTER:
            self._failed = 0
            gc.collect()

    async def _carry(self, client: socket.socket, line: Socket) -> None:
        seconds = self._server.limits.connect_seconds if self._context is not None else None
        try:
            await self._loop.connect_accepted_socket(
                lambda: line, client, ssl=self._context, ssl_handshake_timeout=seconds
            )
        except OSError as error:
            self._sweep()
            self._log("tls", f"no TLS with {line.connection.peer.address}: {error}")
            client.close()
            self._lines.forget(line.connection)
            line.leave()
