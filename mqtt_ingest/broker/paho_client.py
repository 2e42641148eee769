"""paho-mqtt behind buffers of our own.

- a read-ahead buffer, drained completely before waiting again, from which PUBLISH
  packets go straight to the pipeline (paho makes three recv() calls for each);
- what is written is sent together: acknowledgements of a batch by one send().
"""

import socket
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from mqtt_ingest.core.wire import Inbox

READ_AHEAD = 131_072


class BufferedClient(mqtt.Client):
    """paho's client behind our buffers: it sees only the control packets handed to it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, **options)
        self.inbox = Inbox()
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
            data = super()._sock_recv(READ_AHEAD)
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
