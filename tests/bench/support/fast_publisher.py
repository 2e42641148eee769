"""A publisher as fast as the broker takes it: QoS 1 packets written straight to the socket.

paho would be the bottleneck. `Load` runs it as a process of its own:
`python -m tests.bench.support.fast_publisher PORT PACKETS DEVICES METRICS RATE`; rate 0 is
as fast as it goes.
Each packet carries its own time and `METRICS` values; times differ, so every value is a row.
"""

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice

# Packets that may wait for their PUBACK, and packets a send.
WINDOW, CHUNK = 2_000, 100
PUBACK_BYTES = 4


class Load:
    """The publisher as a child process."""

    def __init__(
        self, port: int, packets: int, devices: int = 500, metrics: int = 3, rate: int = 0
    ) -> None:
        self.packets = packets
        arguments = map(str, (port, packets, devices, metrics, rate))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.support.fast_publisher", *arguments]
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> None:
        assert self._process.wait() == 0

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def encode_length(size: int) -> bytes:
    """Encode a remaining length (MQTT 3.1.1, section 2.2.3)."""
    encoded = bytearray()
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(encoded)


def _connect(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port))
    client = f"load-{os.getpid()}".encode()
    body = b"\0\4MQTT\4\2\0\x3c" + struct.pack(">H", len(client)) + client
    link.sendall(b"\x10" + encode_length(len(body)) + body)
    assert link.recv(4)[:1] == b"\x20", "the broker refused the publisher"
    return link


def _packets(count: int, devices: int, metrics: int, rate: int) -> Iterator[bytes]:
    """Yield packets; their times begin now, after those of every load before."""
    step = 1_000 * devices // rate if rate else 10
    start = time.time_ns() // 1_000_000
    topics = [f"devices/b{n}/telemetry".encode() for n in range(devices)]
    heads = [struct.pack(">H", len(topic)) + topic for topic in topics]
    for n in range(count):
        values = "".join(f',"m{m}":{20 + (n * (m + 1)) % 1_000 / 10}' for m in range(metrics))
        payload = f'{{"ts":{start + n // devices * step}{values}}}'.encode()
        body = heads[n % devices] + struct.pack(">H", n % 65_535 + 1) + payload
        yield b"\x32" + encode_length(len(body)) + body


def publish(port: int, count: int, devices: int, metrics: int, rate: int) -> None:
    """Publish, and return once every packet was acknowledged."""
    link = _connect(port)
    sent = acknowledged = 0
    started = time.monotonic()
    chunk = CHUNK if not rate else max(1, min(CHUNK, rate // 100))
    made = _packets(count, devices, metrics, rate)
    while acknowledged < count * PUBACK_BYTES:
        if sent < count and sent * PUBACK_BYTES - acknowledged < WINDOW * PUBACK_BYTES:
            block = list(islice(made, chunk))
            if rate:
                time.sleep(max(0.0, started + sent / rate - time.monotonic()))
            link.sendall(b"".join(block))
            sent += len(block)
            link.setblocking(False)
        else:
            link.setblocking(True)
        try:
            data = link.recv(65_536)
            assert data, "the broker closed the connection"
            acknowledged += len(data)
        except BlockingIOError:
            pass
        link.setblocking(True)
    link.sendall(b"\xe0\0")
    link.close()


if __name__ == "__main__":
    publish(*(int(argument) for argument in sys.argv[1:]))
