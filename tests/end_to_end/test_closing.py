"""A tab that is closed at any moment is no error to tell the operator of."""

import base64
import json
import os
import re
import socket
import struct
import time
import urllib.request

import pytest

from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services
# Reset, as by a browser that is killed; and closed in good order.
RESET, CLOSED = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
HANDSHAKE = (
    "GET /ws/live/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: iotbridge.v1.json\r\nOrigin: http://127.0.0.1:{port}\r\n\r\n"
)


def frame(text: str) -> bytes:
    body, mask = text.encode(), os.urandom(4)
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack(">H", len(body))
    return b"\x81" + size + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))


def opened(port: int, linger: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    return link


def watch(port: int, token: str, linger: bytes, before: float, after: float) -> None:
    """Open a socket, subscribe, and go `after` seconds later."""
    link = opened(port, linger)
    key = base64.b64encode(os.urandom(16)).decode()
    link.sendall(HANDSHAKE.format(port=port, key=key).encode())
    time.sleep(before)
    for told in (
        {"t": "auth", "token": token},
        {"t": "sub", "id": 1, "keys": ["a/*"], "from": -60_000, "points": 100},
        {"t": "sub", "id": 2, "kind": "latest", "match": {}},
        {"t": "sub", "id": 3, "kind": "fleet"},
    ):
        link.sendall(frame(json.dumps(told)))
    time.sleep(after)
    link.close()


def ask(port: int, token: str, path: str, after: float) -> None:
    """Ask for a page, and go `after` seconds later."""
    link = opened(port, RESET)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    link.sendall(head.encode())
    time.sleep(after)
    link.close()


def test_tabs_that_are_closed_at_any_moment_leave_no_error_in_the_log(plant: Plant) -> None:
    plant.worker()
    web = plant.web()
    plant.add_user()
    token = plant.token()
    publish(plant, [("devices/a/telemetry", json.dumps({f"m{n}": n for n in range(50)}))])
    wait_until(lambda: plant.count() == 50, "the rows")
    for linger in (RESET, CLOSED):
        for before in (0, 0.01, 0.05):
            for after in (0, 0.01, 0.05, 0.2):
                watch(plant.web_port, token, linger, before, after)
                publish(plant, [("devices/a/telemetry", '{"m1": 2}')])
    for path in ("/", "/devices/a/", "/api/v1/openapi.json", "/api/v1/readings?keys=a/*"):
        for after in (0, 0.005, 0.02):
            ask(plant.web_port, token, path, after)
    with urllib.request.urlopen(f"{plant.base}/readyz") as answer:
        assert answer.status == 200
    assert not re.findall(r".*(?:ERROR|Traceback).*", web.text())
