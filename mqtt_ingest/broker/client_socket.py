"""A paho client's socket on the event loop: reads PUBLISH packets, sends what waits.

paho opens the socket on another thread, and closes it on either.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from mqtt_ingest.broker.paho_client import BufferedClient
from mqtt_ingest.core.errors import Malformed
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.wire import PUBLISH, read_publish

logger = logging.getLogger(__name__)

# Decoding yields to the rest of the process after this long.
SLICE_SECONDS = 0.005


class ClientSocket:
    """Reads and writes for one client; made on the loop's thread."""

    def __init__(
        self,
        client: BufferedClient,
        name: str,
        *,
        properties: bool,
        aside: Collection[str],
        take_aside: Callable[[Packet], None],
        on_malformed: Callable[[], None],
        on_broken: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            client: whose socket it is.
            name: of the session, for the log.
            properties: whether packets have MQTT 5 properties.
            aside: topics whose packets go to `take_aside` instead of `feed`.
            take_aside: see `aside`.
            on_malformed: called when the broker sends what is no MQTT.
            on_broken: called when nothing can be sent any more.
        """
        self.feed: Callable[[Packet], None] = lambda _packet: None
        self.is_paused = False
        # Which connection this is; packets say by which one they came.
        self.generation = 0
        self._client = client
        self._name = name
        self._properties = properties
        self._aside = aside
        self._take_aside = take_aside
        self._on_malformed = on_malformed
        self._on_broken = on_broken
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._writing = False
        # Whether the socket did not take everything.
        self._held_back = False
        client.on_socket_close = self._closing
        client.on_socket_register_write = self._wants_to_write

    def reset(self) -> None:
        """Forget what a connection that is gone has left."""
        self._client.reset_buffers()
        self._writing = self._held_back = False

    def begin(self) -> None:
        """Read and write by the connection that has just been opened."""
        self.generation += 1
        self._read_on()
        self.send()

    def pause(self) -> None:
        """Stop reading."""
        self.is_paused = True
        self.stop_reading()

    def resume(self) -> None:
        """Read again."""
        self.is_paused = False
        self._read_on()

    def write(self, data: bytes) -> None:
        """Send whole control packets."""
        self._client.write(data)
        self.flush()

    # --- reading ------------------------------------------------------------
    def _read_on(self) -> None:
        sock = self._client.socket()
        if sock is not None and not self.is_paused:
            self._loop.add_reader(sock, self._readable)
            self._loop.call_soon(self._readable)

    def stop_reading(self) -> None:
        """Leave what arrives to the socket's buffer."""
        sock = self._client.socket()
        if sock is not None:
            self._loop.remove_reader(sock)

    def _readable(self) -> None:
        """Handle everything that has arrived, for at most one slice of time."""
        client, feed, generation = self._client, self.feed, self.generation
        aside, properties = self._aside, self._properties
        until = time.perf_counter() + SLICE_SECONDS
        now = time.time_ns() // 1_000
        try:
            while not self.is_paused and client.socket() is not None:
                frame = client.inbox.take()
                if frame is None:
                    if not client.receive():
                        return
                    now = time.time_ns() // 1_000
                elif frame.first & 0xF0 == PUBLISH:
                    packet = read_publish(
                        client.inbox.data, frame, now, generation, properties=properties
                    )
                    if packet.topic in aside:
                        self._take_aside(packet)
                    else:
                        feed(packet)
                else:
                    client.hand(client.inbox.data[frame.start : frame.stop])
                if time.perf_counter() >= until:
                    self._loop.call_soon(self._readable)
                    return
        except Malformed as error:
            logger.error("%s: the broker sent what is no MQTT: %s", self._name, error)
            self._on_malformed()
        except Exception:
            # What reads packets is not to be asked again and again about one that breaks it.
            logger.exception("%s: cannot take what the broker sent", self._name)
            self._on_malformed()

    # --- writing ------------------------------------------------------------
    def _wants_to_write(self, _client: Any, _userdata: Any, _sock: Any) -> None:
        if self._writing:
            return
        self._writing = True
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self.send)
        # Else paho is connecting on another thread: `begin` sends when it is back.

    def send(self) -> None:
        """Send what paho and the acknowledgements have queued."""
        self._writing = False
        if self._client.socket() is None:
            return
        try:
            self._client.loop_write()
        except OSError as error:
            self._broke(error)
        else:
            self.flush()

    def flush(self) -> None:
        """Send what is queued; whatever the socket does not take goes when it can."""
        sock = self._client.socket()
        if sock is None:
            return
        try:
            left = self._client.flush()
        except OSError as error:
            self._broke(error)
            return
        if left:
            self._loop.add_writer(sock, self.flush)
        elif self._held_back:
            self._loop.remove_writer(sock)
        self._held_back = left

    def _broke(self, error: OSError) -> None:
        logger.info("%s: cannot write: %s", self._name, error)
        self._on_broken()

    def _closing(self, _client: Any, _userdata: Any, sock: Any) -> None:
        def forget() -> None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

        if threading.get_ident() == self._thread:
            forget()
        else:
            self._loop.call_soon_threadsafe(forget)
