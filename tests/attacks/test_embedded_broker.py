"""What strangers and devices do to the embedded broker of a process, with pages beside it.

Each attack ends with the same question: do pages answer, is a device's packet stored, and is
what the process has taken of memory, disk and log within bounds?
"""

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.bench.support.measure import rss
from tests.mqtt_ingest.embedded_broker.rig import (
    GOODBYE,
    PING,
    connect,
    publish,
    subscribe,
)
from tests.support.services import wait_until
from tests.support.standalone_stack import Standalone

# A page takes less than a second on a quiet machine; a process that is stopped, for ever.
PATIENCE = 10.0
MEGABYTE = 1_000_000


class Attacked:
    """A process under attack, and a device that goes on sending."""

    def __init__(self, standalone: Standalone) -> None:
        self.plant = standalone
        standalone.start(MQTT_REGISTRATION="accept")
        self.sent = 0
        self.device = standalone.client("device")
        self.answers: list[float] = []
        self.log_before = len(self.log())
        self.send()
        self.memory_before = self.memory()

    def memory(self) -> int:
        assert self.plant.process is not None
        return rss(self.plant.process.pid)

    def log(self) -> str:
        assert self.plant.process is not None
        return self.plant.process.text()

    def ask(self) -> None:
        """Open a page; note how long it took."""
        asked = time.monotonic()
        urllib.request.urlopen(f"{self.plant.base}/readyz", timeout=PATIENCE).close()
        self.answers.append(time.monotonic() - asked)

    def send(self) -> None:
        """Publish a reading, and wait until it is a row."""
        self.sent += 1
        value = json.dumps({"ts": time.time_ns() // 1_000_000, "n": self.sent})
        self.device.publish("devices/press-3/telemetry", value, 1).wait_for_publish(PATIENCE)
        assert self.plant.rows("SELECT count(*) FROM devices_reading")[0][0] >= self.sent

    def stranger(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.plant.mqtt), timeout=PATIENCE)

    def check(self, *, megabytes: int = 60, log_lines: int = 60) -> None:
        """Make sure that it stands."""
        self.ask()
        self.send()
        assert self.memory() - self.memory_before < megabytes * MEGABYTE
        fresh = self.log()[self.log_before :]
        assert fresh.count("\n") < log_lines, fresh[:2_000]
        assert "Traceback" not in fresh

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask for pages all the time."""
        done = threading.Event()

        def ask() -> None:
            while not done.wait(0.05):
                self.ask()

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.fixture
def attacked(standalone: Standalone) -> Iterator[Attacked]:
    standalone.descriptors = 1_024
    made = Attacked(standalone)
    yield made
    made.device.disconnect()
    made.device.loop_stop()


def drain(client: socket.socket, enough: Callable[[bytes], bool]) -> bytes:
    """Read until `enough`, or the end."""
    found = b""
    while not enough(found):
        try:
            part = client.recv(65_536)
        except (ConnectionResetError, TimeoutError):
            break
        if not part:
            break
        found += part
    return found


def push(client: socket.socket, block: bytes, times: int) -> bool:
    """Send `block` so many times; return whether all of it was taken."""
    try:
        for _turn in range(times):
            client.sendall(block)
    except OSError:
        return False
    return True


def is_cut(client: socket.socket) -> bool:
    """Return whether the broker has ended a connection."""
    client.settimeout(0.05)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_more_silent_connections_than_there_are_descriptors(attacked: Attacked) -> None:
    silent: list[socket.socket] = []
    with attacked.asking():
        for _number in range(1_100):
            try:
                silent.append(attacked.stranger())
            except OSError:
                break
        for _turn in range(5):
            attacked.send()
    assert max(attacked.answers) < PATIENCE
    assert len(silent) > 600
    # Those that say nothing are sent away, and others get in.
    wait_until(lambda: all(is_cut(one) for one in silent[:20]), "the silent to be cut off", 20)
    late = attacked.stranger()
    late.sendall(connect("late") + PING)
    assert drain(late, lambda found: len(found) >= 6) == b"\x20\2\0\0\xd0\0"
    attacked.check()
    for one in [*silent, late]:
        one.close()


def test_thousands_of_connections_that_come_to_nothing(attacked: Attacked) -> None:
    for number in range(2_000):
        stranger = attacked.stranger()
        if number % 2:
            stranger.sendall(connect(f"s{number}", version=9))
            drain(stranger, lambda _found: False)
        stranger.close()
    attacked.check(megabytes=30)


def test_a_packet_of_150_megabytes(attacked: Attacked) -> None:
    stranger = attacked.stranger()
    stranger.sendall(connect("large"))
    drain(stranger, lambda found: len(found) >= 4)
    stranger.sendall(b"\x32" + b"\x80\xc6\xc3\x47")
    block = b"x" * 65_536
    assert not push(stranger, block, 2_400)
    stranger.close()
    attacked.check(megabytes=20)
    assert attacked.plant.rows("SELECT count(*) FROM mqtt_ingest_deadletter") == [(0,)]


def test_fifty_thousand_subscriptions(attacked: Attacked) -> None:
    stranger = attacked.stranger()
    stranger.sendall(connect("curious", version=5))
    with attacked.asking():
        for start in range(0, 50_000, 500):
            filters = [(f"{n}/a/b/c/d/+/#", 1) for n in range(start, start + 500)]
            stranger.sendall(subscribe(*filters, version=5))
            answer = drain(stranger, lambda found: len(found) >= 500)
        assert answer.endswith(b"\x97" * 500)
    attacked.check()
    stranger.close()


def test_retained_messages_without_end_and_many_who_ask_for_all(attacked: Attacked) -> None:
    stranger = attacked.stranger()
    stranger.sendall(connect("keeper"))
    with attacked.asking():
        for start in range(0, 30_000, 500):
            data = [
                publish(f"keep/{n}", b"x" * 300, 1, n % 60_000 + 1, retain=True)
                for n in range(start, start + 500)
            ]
            stranger.sendall(b"".join(data))
            drain(stranger, lambda found: len(found) >= 2_000)
        readers = [attacked.stranger() for _number in range(20)]
        for number, reader in enumerate(readers):
            reader.sendall(connect(f"r{number}") + subscribe(("#", 0)) * 20)
        for reader in readers[:10]:  # the others never read
            assert len(drain(reader, lambda found: len(found) > 3_000_000)) > 3_000_000
    assert max(attacked.answers) < PATIENCE
    attacked.check(megabytes=150)
    for one in [stranger, *readers]:
        one.close()


def test_an_absent_subscriber_is_not_queued_for_without_bound(attacked: Attacked) -> None:
    absent = attacked.stranger()
    absent.sendall(connect("absent", clean=False) + subscribe(("flood/#", 1)) + GOODBYE)
    drain(absent, lambda _found: False)
    absent.close()
    stranger = attacked.stranger()
    stranger.sendall(connect("flooder"))
    for _turn in range(40):
        data = [publish("flood/a", b"x" * 5_000, 1, n + 1) for n in range(500)]
        stranger.sendall(b"".join(data))
        drain(stranger, lambda found: len(found) >= 2_000)
    attacked.check()
    absent = attacked.stranger()
    absent.sendall(connect("absent", clean=False))
    found = drain(absent, lambda found: found.count(b"flood/a") >= 100)
    assert found.startswith(b"\x20\2\1\0")
    for one in (stranger, absent):
        one.close()


def test_a_client_that_sends_without_end_and_reads_nothing(attacked: Attacked) -> None:
    stranger = attacked.stranger()
    stranger.settimeout(1)
    stranger.sendall(connect("deaf") + subscribe(("#", 1)))
    block = PING * 5_000 + publish("noise", b"x" * 100, 1, 7) * 100
    with attacked.asking():
        assert not push(stranger, block, 2_000)
    attacked.check()
    stranger.close()


def test_names_do_not_forge_log_lines(attacked: Attacked) -> None:
    forged = "x\n2026-01-01 00:00:00,000 ERROR forged: everything is lost"
    stranger = attacked.stranger()
    stranger.sendall(
        connect(forged)
        + subscribe(*((f"{n}", 0) for n in range(600)))
        + subscribe(*((f"more/{n}", 0) for n in range(600)))
        + publish("$SYS/x", b"x")
    )
    stranger.close()
    wait_until(lambda: "too many subscriptions" in attacked.log(), "the line in the log")
    assert not [line for line in attacked.log().splitlines() if line.startswith("2026-01-01")]
    attacked.check()
