"""Strangers, and people whose rights have ended, at a web process."""

import json
import re
import select
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, suppress
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from dashboards.consumers import AUTH_SECONDS, MAX_WAITING
from iotbridge.request_bodies import FILES_AT_ONCE
from iotbridge.socket_frames import FRAMES, PINGS
from tests.support import services
from tests.support.services import PATIENCE, wait_until
from tests.support.stack import Plant

pytestmark = pytest.mark.services
GIGABYTE = 1_000_000_000


class Browser:
    """Somebody who has logged in, with cookies."""

    def __init__(self, plant: Plant, password: str = "secret-123") -> None:
        self.plant = plant
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.post("/login/", username="admin", password=password)

    def get(self, path: str) -> str:
        with self._opener.open(self.plant.base + path) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **fields: str) -> None:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert found is not None
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": found[1]}).encode()
        self._opener.open(self.plant.base + path, body).close()

    @property
    def header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)

    def socket(self, origin: str) -> ClientConnection:
        url = self.plant.base.replace("http", "ws") + "/ws/live/"
        return connect(url, additional_headers={"Cookie": self.header}, origin=origin)  # type: ignore[arg-type]


@pytest.fixture
def web(plant: Plant) -> Plant:
    plant.web()
    plant.add_user()
    return plant


def answer_to(web: Plant, head: str, *, chunked: bool = False) -> tuple[str, int]:
    """Send a gigabyte to `head`; return the status line, and how many bytes were taken."""
    piece, sent = b"x" * 65_536, 0
    framed = b"10000\r\n" + piece + b"\r\n" if chunked else piece
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {GIGABYTE}"
    request = f"POST {head}\r\nHost: 127.0.0.1\r\n{length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", web.web_port)) as link:
        link.sendall(request.encode())
        # It stops reading, or closes: then nothing more goes out.
        link.settimeout(2 * PATIENCE)
        with suppress(OSError):
            while sent < GIGABYTE and not select.select([link], [], [], 0)[0]:
                link.sendall(framed)
                sent += len(piece)
        with suppress(OSError):
            return link.recv(4_096).partition(b"\r\n")[0].decode(), sent
    return "closed", sent


def test_a_large_body_is_not_taken_in_before_its_sender_is_known(web: Plant) -> None:
    forged = "HTTP/1.1\r\nCookie: sessionid=forged\r\nAuthorization: Bearer forged"
    for head, status, chunked in (
        ("/login/ HTTP/1.1", "413", False),
        ("/login/ HTTP/1.1", "403", True),
        ("/api/v1/devices HTTP/1.1", "413", False),
        ("/anything?a=/import HTTP/1.1", "403", True),
        ("/import HTTP/1.1", "403", False),
        ("/import/ HTTP/1.1", "403", True),
        ("/api/v1/imports?name=x.csv HTTP/1.1", "403", False),
        (f"/import {forged}", "403", False),
    ):
        told, sent = answer_to(web, head, chunked=chunked)
        assert told == "closed" or told.startswith(f"HTTP/1.1 {status} "), (head, told)
        assert sent < 20_000_000, head
        urllib.request.urlopen(f"{web.base}/healthz").close()


def test_somebody_who_may_import_sends_a_large_file(web: Plant) -> None:
    rows = "".join(f"2026-01-01T00:00:00.{n:06}Z,press,{n}\n" for n in range(150_000))
    body = ("time,device,t\n" + rows).encode()
    assert len(body) > 5_000_000
    request = urllib.request.Request(
        f"{web.base}/api/v1/imports?name=x.csv",
        body,
        # As curl's --data-binary says it of any file.
        {
            "Authorization": f"Bearer {web.token()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def test_a_page_of_another_port_of_this_host_gets_no_socket(web: Plant) -> None:
    browser = Browser(web)
    with browser.socket(web.base) as own:
        assert json.loads(own.recv(timeout=10))["t"] == "hello"
    for origin in (
        f"http://127.0.0.1:{web.web_port + 1}",
        "http://127.0.0.1",
        f"https://127.0.0.1:{web.web_port}",
        f"http://localhost:{web.web_port}",
        "null",
        "http://[broken",
    ):
        with pytest.raises(InvalidStatus, match=r"40[03]"):
            browser.socket(origin)


def test_a_changed_password_ends_open_sockets_of_other_browsers(web: Plant) -> None:
    thief, owner = Browser(web), Browser(web)
    with thief.socket(web.base) as stolen, owner.socket(web.base) as own:
        owner.post(
            "/admin/password_change/",
            old_password="secret-123",
            new_password1="another-secret-9",
            new_password2="another-secret-9",
        )
        assert _end_of(stolen) == 4401
        # Django keeps the session in which it was changed: that page connects again.
        own.close()
        with owner.socket(web.base) as again:
            assert json.loads(again.recv(timeout=10))["t"] == "hello"


def test_an_expired_session_ends_its_sockets(web: Plant) -> None:
    browser = Browser(web)
    with browser.socket(web.base) as link:
        web.sql("UPDATE django_session SET expire_date = now() - interval '1 second' RETURNING 1")
        # Anybody's change of rights has all look again; by itself that takes half a minute.
        web.sql("UPDATE devices_writer SET seq = seq + 1 WHERE name = 'rights' RETURNING 1")
        assert _end_of(link) == 4401


def _end_of(link: ClientConnection) -> int:
    until = time.monotonic() + 40 * PATIENCE
    while time.monotonic() < until:
        try:
            link.recv(timeout=5)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 0
        except TimeoutError:
            continue
    raise TimeoutError("the socket stays open")


def test_sockets_that_do_not_say_who_they_are_are_few_and_small(web: Plant) -> None:
    url = web.base.replace("http", "ws") + "/ws/live/"
    with ExitStack() as stack:
        links, opened = [], []
        for _n in range(MAX_WAITING + 20):
            links.append(stack.enter_context(connect(url)))
            opened.append(time.monotonic())
        # Whoever has a token is let in all the same.
        assert _is_let_in(url, web.token())
        # Those that have waited longest went for the last; or, where opening took so long on a
        # slow machine, they had their time.
        for link, began, last in zip(links, opened, opened[MAX_WAITING:], strict=False):
            codes = {4429} if last - began < AUTH_SECONDS / 2 else {4429, 4401}
            assert _end_of(link) in codes
    with connect(url) as link:
        with suppress(ConnectionClosed):
            link.send("x" * 900_000)
        assert _end_of(link) in {0, 1009}  # 1009: too large (RFC 6455, section 7.4.1)


@pytest.mark.parametrize(
    ("frame", "many"),
    # Of RFC 6455, section 5.2: masked, nothing in them.
    [(b"\x81\x80", 2 * FRAMES), (b"\x01\x80", 2 * FRAMES), (b"\x89\x80", 4 * PINGS)],
    ids=["empty", "parts", "pings"],
)
def test_a_socket_that_sends_frames_without_end_is_cut(web: Plant, frame: bytes, many: int) -> None:
    with connect(web.base.replace("http", "ws") + "/ws/live/") as link:
        with suppress(OSError):
            link.socket.sendall((frame + b"\0\0\0\0") * many)
        _end_of(link)
    log = web.processes[0].log.read_text()
    assert "Traceback" not in log
    assert web.processes[0].returncode is None


def test_a_socket_of_an_unknown_path_is_refused_without_ado(web: Plant) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        connect(web.base.replace("http", "ws") + "/ws/nothing/")
    assert "Traceback" not in web.processes[0].log.read_text()


def test_one_account_sends_few_files_at_a_time(web: Plant) -> None:
    head = (
        f"POST /api/v1/imports?name=x.csv HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {web.token()}\r\nContent-Type: text/csv\r\n"
        "Content-Length: 50000000\r\n\r\n"
    )
    with ExitStack() as stack:
        held = []
        for _n in range(FILES_AT_ONCE):
            link = stack.enter_context(socket.create_connection(("127.0.0.1", web.web_port)))
            link.sendall(head.encode() + b"x" * 2_000_000)
            assert _answer(link) == "", "it is read on"
            held.append(link)
        link = stack.enter_context(socket.create_connection(("127.0.0.1", web.web_port)))
        wait_until(lambda: _status(web, head) == "429", "a refusal")
        # Whoever breaks off gives their place back.
        held[0].close()
        wait_until(lambda: _status(web, head) == "", "a free place")


def _status(web: Plant, head: str) -> str:
    with socket.create_connection(("127.0.0.1", web.web_port)) as link:
        link.sendall(head.encode())
        return _answer(link)


def _answer(link: socket.socket) -> str:
    """Return the status that a request is answered with before it is whole; "": it is read on."""
    link.settimeout(2.0)
    try:
        return link.recv(100).decode()[9:12]
    except TimeoutError:
        return ""


def test_silent_connections_keep_nobody_out(web: Plant) -> None:
    """More than the process may have descriptors for."""
    web.processes[0].stop()
    daphne = str(Path(sys.executable).with_name("daphne"))
    command = [daphne, "-p", str(web.web_port), "iotbridge.asgi:application"]
    web.start("web", ["prlimit", "--nofile=300:300", *command])
    wait_until(lambda: services.listens(web.web_port), "the web process", 30)
    with ExitStack() as stack:
        for _n in range(400):
            with suppress(OSError):
                link = socket.create_connection(("127.0.0.1", web.web_port), timeout=5)
                stack.enter_context(link)
        urllib.request.urlopen(f"{web.base}/login/", timeout=10 * PATIENCE).close()


def _is_let_in(url: str, token: str) -> bool:
    with connect(url) as link, suppress(ConnectionClosed):
        link.send(json.dumps({"t": "auth", "token": token}))
        return bool(json.loads(link.recv(timeout=10))["t"] == "hello")
    return False


def test_what_goes_out_may_be_large(web: Plant) -> None:
    """The bound on frames is for what comes: a device's long texts end no page."""
    worker = web.worker()
    client = web.client()
    for n in range(120):
        client.publish("devices/a/telemetry", json.dumps({"t": f"{n}" + "x" * 4_000}), 1)
    wait_until(lambda: web.count() == 120, "the texts")
    with connect(web.base.replace("http", "ws") + "/ws/live/", max_size=None) as link:
        link.send(json.dumps({"t": "auth", "token": web.token()}))
        link.send(json.dumps({"t": "sub", "id": 1, "keys": ["a/t"]}))
        frame = {"t": ""}
        while frame["t"] != "snap":
            frame = json.loads(link.recv(timeout=20))
        assert len(json.dumps(frame)) > 400_000
    assert worker.returncode is None


def test_a_device_with_tags_without_end_holds_nobody_up(web: Plant) -> None:
    token = web.token()
    web.sql(
        "INSERT INTO devices_device (key, name, device_type, location, pending, enabled, status, "
        "created_at) VALUES ('a', '', '', '', false, true, '', now()) RETURNING 1"
    )
    body = json.dumps({"tags": [f"t{n}" for n in range(51)]}).encode()
    request = urllib.request.Request(
        f"{web.base}/api/v1/devices/a",
        body,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="PATCH",
    )
    with pytest.raises(urllib.error.HTTPError, match="422"):
        urllib.request.urlopen(request)
