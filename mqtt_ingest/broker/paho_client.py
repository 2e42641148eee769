"""paho-mqtt behind buffers of our own.

- a read-ahead buffer, drained completely before waiting again, from which PUBLISH
  packets go straight to the pipeline (paho makes three recv() calls for each);
- what is written is sent together: acknowledgements of a batch by one send().
"""

import contextlib
import socket
import ssl
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from mqtt_ingest.core.wire import LONGEST, Inbox

READ_AHEAD = 131_072
# A connection that is not open within this is none.
CONNECT_SECONDS = 5.0
# Bytes of a packet that those who only look take in, and of a WebSocket's frame that is not
# whole yet, which paho keeps and reads again each time.
LONGEST_PLAIN, LONGEST_FRAME = 4_000_000, 4_000_000


class _CutOff(mqtt.Client):
    """paho's client, which another thread can cut off while it connects."""

    _raw: socket.socket | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, **options)
        self.connect_timeout = CONNECT_SECONDS

    def cut_off(self) -> None:
        """End what is being opened, however slowly it answers."""
        with contextlib.suppress(OSError):
            if self._raw is not None:
                self._raw.shutdown(socket.SHUT_RDWR)

    def give_up(self) -> None:
        """Close what could not be opened: paho leaves it to the collector of garbage."""
        if self._raw is not None:
            self._raw.close()

    def _create_socket_connection(self) -> socket.socket:
        self._raw = super()._create_socket_connection()
        return self._raw

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        self._raw = wrapped = super()._ssl_wrap_socket(tcp_sock)
        return wrapped


class PlainClient(_CutOff):
    """paho's client as it is, but for packets that are too large to be looked at."""

    def _sock_recv(self, bufsize: int) -> bytes:
        # paho asks for all that is missing of a packet: such a connection is ended.
        return b"" if bufsize > LONGEST_PLAIN else super()._sock_recv(bufsize)


class BufferedClient(_CutOff):
    """paho's client behind our buffers: it sees only the control packets handed to it."""

    def __init__(self, longest: int = LONGEST, **options: Any) -> None:
        """Prepare; of a PUBLISH of more than `longest` bytes the head is read alone."""
        super().__init__(**options)
        self.inbox = Inbox(longest)
        self._handed = b""
        self._lost = False
        self._drained = False
        self._behind = bytearray()

    def reset_buffers(self) -> None:
        self.inbox.clear()
        self._handed, self._lost, self._drained = b"", False, False
        self._behind.clear()

    def receive(self) -> bool:
        """Read ahead; False when nothing is there. The end of the stream goes to paho."""
        if self._drained:
            self._drained = False
            return False
        try:
            data = b"" if self._holds_too_much() else super()._sock_recv(READ_AHEAD)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._lost = True
            self.loop_read()
            return False
        self.inbox.add(data)
        # A short read has emptied the socket: no need to ask once more.
        # TLS and WebSocket keep bytes behind what they have handed out.
        self._drained = len(data) < READ_AHEAD and type(self.socket()) is socket.socket
        self._last_bytes_received = time.monotonic()
        return True

    def _holds_too_much(self) -> bool:
        """Return whether a frame of WebSocket is longer than anybody sends."""
        return len(getattr(self.socket(), "_readbuffer", b"")) > LONGEST_FRAME

    def hand(self, packet: bytes) -> None:
        """Let paho handle a control packet other than PUBLISH."""
        self._handed = packet
        self.loop_read()

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self._handed and not self._lost:
            raise BlockingIOError
        data, self._handed = self._handed[:bufsize], self._handed[bufsize:]
        return data

    def _sock_send(self, buf: bytes | bytearray) -> int:
        self._behind += buf
        return len(buf)

    def write(self, data: bytes) -> None:
        """Queue whole control packets behind those of paho."""
        self._behind += data

    def flush(self) -> bool:
        """Send what was written; return whether something is left."""
        while self._behind:
            try:
                sent = super()._sock_send(self._behind)
            except (BlockingIOError, InterruptedError):
                return True
            del self._behind[:sent]
        return False
