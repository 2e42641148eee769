"""The broker with its sockets: who is let in, what clients of other makers see, TLS, the end."""

import asyncio
import gc
import logging
import socket
import ssl
import threading
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import trustme
from paho.mqtt.enums import CallbackAPIVersion

from mqtt_ingest.core.errors import NotPublished
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.embedded_broker import listener
from mqtt_ingest.embedded_broker.broker import Door, EmbeddedBroker
from mqtt_ingest.embedded_broker.doors import Admission, Doors
from mqtt_ingest.embedded_broker.protocol.limits import Limits
from mqtt_ingest.embedded_broker.quiet_log import QuietLog
from mqtt_ingest.embedded_broker.source import EmbeddedSource
from mqtt_ingest.embedded_broker.websocket import application
from tests.mqtt_ingest.embedded_broker.rig import (
    PING,
    connect,
    packet,
    publish,
    subscribe,
)
from tests.support.services import free_port


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that the broker does by itself."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.01)


class Running:
    """A broker whose source takes everything below devices/ and commits it at once."""

    def __init__(self, folder: Path, port: int, **more: Any) -> None:
        self.port = port
        self.source = EmbeddedSource("here")
        self.source.subscribe(["devices/#"])
        self.fed: list[Packet] = []
        self.broker = EmbeddedBroker(
            self.source,
            doors=more.pop("doors", [Door(bind="127.0.0.1", port=port)]),
            password=more.pop("password", ""),
            folder=folder,
            limits=more.pop("limits", Limits()),
            admission=more.pop("admission", Admission(connections=100)),
        )

    def feed(self, packet: Packet) -> None:
        self.fed.append(packet)
        self.source.acknowledge([packet])

    async def talk(self, *data: bytes, context: ssl.SSLContext | None = None) -> bytes:
        """Return all that is answered until the broker closes, or is silent for a moment."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        found = b""
        try:
            writer.write(b"".join(data))
            while True:
                async with asyncio.timeout(0.3):
                    part = await reader.read(65_536)
                if not part:
                    return found + b"<end>"
                found += part
        except TimeoutError:
            return found
        finally:
            writer.close()


@asynccontextmanager
async def running(folder: Path, **more: Any) -> AsyncIterator[Running]:
    made = Running(folder, free_port(), **more)
    await made.broker.start()
    feeding = asyncio.create_task(made.source.run(made.feed))
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await made.source.close()
        await made.broker.shutdown()


# --- messages ---------------------------------------------------------------
async def test_a_publisher_is_answered_after_the_commit(tmp_path: Path) -> None:
    async with running(tmp_path) as made:
        answer = await made.talk(connect(), publish("devices/a/telemetry", b"1", 1, 5))
        assert answer == b"\x20\2\0\0" + b"\x40\2\0\5"
        (fed,) = made.fed
        assert (fed.topic, fed.payload, fed.qos, fed.packet_id, fed.session) == (
            "devices/a/telemetry", b"1", 1, 5, "c",
        )  # fmt: skip


async def test_what_waits_is_fed_again_to_the_next_pipeline(tmp_path: Path) -> None:
    async with running(tmp_path) as made:
        await made.source.close()
        asking = asyncio.create_task(made.talk(connect(), publish("devices/a/t", b"1", 1, 5)))
        again = asyncio.create_task(made.source.run(made.feed))
        assert await asking == b"\x20\2\0\0" + b"\x40\2\0\5"
        again.cancel()


async def test_new_filters_bring_what_is_retained_for_them(tmp_path: Path) -> None:
    async with running(tmp_path) as made:
        sent = [("devices/a/t", b"1"), ("tele/plug/LWT", b"Online"), ("tele/a/b/c", b"2")]
        await made.talk(connect(), *(publish(t, p, 1, 5, retain=True) for t, p in sent))
        assert [packet.retain for packet in made.fed] == [False]
        made.source.subscribe(["devices/#", "tele/+/LWT", "tele/plug/#"])
        assert [(p.topic, p.payload, p.qos, p.retain) for p in made.fed[1:]] == [
            ("tele/plug/LWT", b"Online", 1, True)
        ]
        made.source.subscribe(["devices/#", "tele/+/LWT"])
        made.source.subscribe(["#"])
        assert [packet.topic for packet in made.fed[2:]] == ["tele/a/b/c"]
        # They are ordinary packets: what is not committed yet is fed to the next pipeline.
        assert not made.source._waiting


async def test_who_was_held_is_read_again(tmp_path: Path) -> None:
    async with running(tmp_path) as made:
        made.source.pause()
        asking = asyncio.create_task(
            made.talk(connect(), publish("devices/a/t", b"x" * 1_000) * 300, PING)
        )
        await until(lambda: made.broker.server.sessions.get("c"))
        await asyncio.sleep(0.05)
        assert made.fed == []
        made.source.resume()
        await until(lambda: len(made.fed) == 300)
        assert (await asking).endswith(b"\xd0\0")


async def test_our_own_packets_get_to_subscribers(tmp_path: Path) -> None:
    source = EmbeddedSource("here")
    with pytest.raises(NotPublished, match="does not run"):
        await source.publish("devices/a/command", b"")
    async with running(tmp_path) as made:
        reading = asyncio.create_task(made.talk(connect(), subscribe(("devices/#", 1))))
        await until(lambda: made.broker.server.sessions.get("c"))
        await made.source.publish("devices/a/command", b"go")
        assert (await reading).endswith(publish("devices/a/command", b"go", 1, 1))
        with pytest.raises(NotPublished, match="no topic"):
            await made.source.publish("devices/#", b"")


@pytest.mark.parametrize("version", [mqtt.MQTTv311, mqtt.MQTTv5])
async def test_a_client_of_another_make_is_served(tmp_path: Path, version: Any) -> None:
    async with running(tmp_path) as made:
        heard: list[tuple[str, bytes, int]] = []
        done = threading.Event()

        def use() -> None:
            client = mqtt.Client(CallbackAPIVersion.VERSION2, "paho", protocol=version)
            client.on_message = lambda _c, _u, m: heard.append((m.topic, m.payload, m.qos))
            ready = threading.Event()
            client.on_subscribe = lambda *_given: ready.set()
            client.connect("127.0.0.1", made.port)
            client.loop_start()
            client.subscribe("devices/#", 2)
            assert ready.wait(10)
            sent = [client.publish("devices/a/telemetry", b"x" * 10_000, qos) for qos in (0, 1, 2)]
            for one in sent:
                one.wait_for_publish(10)
            for _turn in range(500):
                if len(heard) == 3:
                    break
                done.wait(0.01)
            client.disconnect()
            client.loop_stop()

        await asyncio.get_running_loop().run_in_executor(None, use)
        assert sorted(qos for _topic, _payload, qos in heard) == [0, 1, 2]
        assert len(made.fed) == 3


async def test_a_client_is_told_why_before_it_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path, limits=Limits(packet_bytes=100)) as made:
        data = connect(version=5) + publish("a", b"x" * 500_000, version=5)
        assert (await made.talk(data)).endswith(b"\xe0\2\x95\0<end>")


async def test_everybody_hears_of_the_end(tmp_path: Path) -> None:
    async with running(tmp_path) as made:
        reading = asyncio.create_task(made.talk(connect(version=5)))
        await until(lambda: made.broker.server.sessions)
    assert (await reading).endswith(b"\xe0\2\x8b\0<end>")


async def test_a_mistake_of_ours_ends_one_connection_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as made:
        real = made.source.take

        def fails(given: Any, *more: Any) -> None:
            if given.topic == "bad":
                raise ZeroDivisionError
            real(given, *more)

        monkeypatch.setattr(made.source, "take", fails)
        bad = connect("bad", version=5) + publish("bad", b"x", version=5)
        answers = await asyncio.gather(
            *(made.talk(bad) for _n in range(3)),
            made.talk(connect("good"), publish("devices/a/t", b"1", 1, 5)),
        )
        assert answers[-1] == b"\x20\2\0\0" + b"\x40\2\0\5"
        assert all(answer.endswith(b"<end>") for answer in answers[:-1])
        assert "goes on without that connection" in caplog.text
        assert await made.talk(connect(), PING) == b"\x20\2\0\0\xd0\0"


# --- doors ------------------------------------------------------------------
def test_connections_are_counted_by_address_and_in_all() -> None:
    logged: list[str] = []
    admission = Admission(connections=10, unknown=6, unknown_of_address=3, of_address=5)
    doors = Doors(admission, lambda _kind, words: logged.append(words))
    assert [doors.enter("192.0.2.1") for _n in range(4)] == [True, True, True, False]
    assert [doors.enter("127.0.0.1") for _n in range(4)] == [True, True, True, False]
    for address in ["192.0.2.1"] * 3 + ["127.0.0.1"] * 3:
        doors.known(address)
    assert [doors.enter("192.0.2.1") for _n in range(3)] == [True, True, False]
    assert [doors.enter(f"192.0.2.{n}") for n in range(3, 6)] == [True, True, False]
    assert (doors.count, doors.unknown) == (10, 4)
    doors.leave("192.0.2.3", was_known=False)
    doors.leave("192.0.2.1", was_known=True)
    assert (doors.count, doors.unknown) == (8, 3)
    assert doors.enter("192.0.2.9")
    assert logged[0].endswith("3 of them have not said who they are")


async def test_those_who_are_one_too_many_are_closed_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, admission=Admission(connections=3)) as made:
        silent = [socket.create_connection(("127.0.0.1", made.port)) for _n in range(3)]
        await until(lambda: made.broker.doors.count == 3)
        assert await made.talk() == b"<end>"
        silent.pop().close()
        await until(lambda: made.broker.doors.count == 2)
        assert await made.talk(connect()) == b"\x20\2\0\0"
        for one in silent:
            one.close()


async def test_a_process_without_descriptors_accepts_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener, "_NO_DESCRIPTOR_SECONDS", 0.05)
    async with running(tmp_path) as made:
        (one,) = made.broker._listeners
        real = one._socket
        assert real is not None

        class Full:
            left = 3

            def accept(self) -> Any:
                assert real is not None
                self.left -= 1
                if self.left >= 0:
                    raise OSError(24, "Too many open files")
                return real.accept()

            def fileno(self) -> int:
                assert real is not None
                return real.fileno()

            def close(self) -> None:
                assert real is not None
                real.close()

        one._socket = Full()  # type: ignore[assignment]
        assert await made.talk(connect()) == b"\x20\2\0\0"
        assert caplog.messages.count("Broker: cannot accept connections: EMFILE") == 1


def test_a_kind_of_line_is_written_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = QuietLog(logging.getLogger("quiet"), lambda: now)
    for _n in range(5):
        log("door", f"{'line' + chr(10) + 'forged'!r}")
        log("other", "words")
    now = 1.0
    log("door", "again")
    assert caplog.messages == [
        r"Broker: 'line\nforged'", "Broker: words", "Broker: again (and 4 more of this kind)",
    ]  # fmt: skip


# --- TLS and WebSocket ------------------------------------------------------
async def test_tls_is_spoken_where_a_certificate_is_given(tmp_path: Path) -> None:
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    port = free_port()
    door = Door(bind="127.0.0.1", port=port, context=theirs)
    async with running(tmp_path, doors=[door], limits=Limits(connect_seconds=0.3)) as made:
        made.port = port
        answer = await made.talk(connect(), publish("devices/a/t", b"1", 1, 5), context=ours)
        assert answer == b"\x20\2\0\0" + b"\x40\2\0\5"
        assert await made.talk(connect()) == b"<end>"  # no TLS
        silent = socket.create_connection(("127.0.0.1", port))
        await until(lambda: not made.broker.doors.count)
        silent.close()


async def test_handshakes_that_fail_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mqtt_ingest.embedded_broker.listener.SWEPT_AFTER", 20)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(theirs)
    port = free_port()
    doors = [Door(bind="127.0.0.1", port=port, context=theirs)]
    gc.disable()
    try:
        async with running(tmp_path, doors=doors) as made:
            for _client in range(105):
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"no TLS at all" * 200)
                writer.close()
                await until(lambda: not made.broker.doors.count)
            left = [one for one in gc.get_objects() if type(one) is SSLProtocol]
    finally:
        gc.enable()
    assert len(left) < 40
    assert all(len(one._ssl_buffer) <= 16 * 1024 for one in left)  # type: ignore[attr-defined]


class Browser:
    """The other end of an ASGI WebSocket."""

    def __init__(self) -> None:
        self.to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.got: list[dict[str, Any]] = []
        self.to_server.put_nowait({"type": "websocket.connect"})

    def send(self, *data: bytes) -> None:
        self.to_server.put_nowait({"type": "websocket.receive", "bytes": b"".join(data)})

    async def receive(self) -> dict[str, Any]:
        return await self.to_server.get()

    async def take(self, message: dict[str, Any]) -> None:
        self.got.append(message)

    @property
    def data(self) -> bytes:
        return b"".join(one.get("bytes", b"") for one in self.got)

    def open(self, **scope: Any) -> "asyncio.Task[None]":
        given = {"subprotocols": ["mqtt"], "client": ["127.0.0.1", 5], **scope}
        return asyncio.create_task(application(given, self.receive, self.take))


async def test_a_browser_s_tool_speaks_over_websocket(tmp_path: Path) -> None:
    async with running(tmp_path, password="right") as made:
        browser = Browser()
        task = browser.open()
        hello = connect(username="u", password=b"right")
        browser.send(hello[:3])
        browser.send(hello[3:], publish("devices/a/t", b"1", 1, 5), PING)
        await until(lambda: len(browser.data) >= 10)
        assert browser.got[0] == {"type": "websocket.accept", "subprotocol": "mqtt"}
        assert browser.data == b"\x20\2\0\0" + b"\x40\2\0\5" + b"\xd0\0"
        browser.send(packet(0xE0))
        await task
        assert browser.got[-1] == {"type": "websocket.close", "code": 1000}
        assert made.broker.doors.count == 0


async def test_over_websocket_loopback_is_not_enough(tmp_path: Path) -> None:
    async with running(tmp_path, password="right"):
        browser = Browser()
        task = browser.open()
        browser.send(connect(will=("devices/a/t", b"1", 1, False)))
        await task
        assert browser.data == b"\x20\2\0\4"


async def test_a_websocket_that_was_held_ends_with_its_session(tmp_path: Path) -> None:
    async with running(tmp_path, password="right") as made:
        browser = Browser()
        task = browser.open()
        made.source.pause()
        browser.send(connect("w", username="u", password=b"right"))
        await until(lambda: "w" in made.broker.server.sessions)
        browser.send(publish("devices/a/t", b"1", 1, 1))
        connection = made.broker.server.sessions["w"].connection
        assert connection is not None
        await until(lambda: connection.is_held)
        await made.talk(connect("w"))
        async with asyncio.timeout(5):
            await task
        await until(lambda: not made.broker.doors.count)


async def test_a_browser_that_has_gone_before_it_was_let_in_is_not_counted(tmp_path: Path) -> None:
    async with running(tmp_path, password="right") as made:
        browser = Browser()

        async def gone(_message: dict[str, Any]) -> None:
            raise OSError

        browser.take = gone  # type: ignore[method-assign]
        task = browser.open()
        await asyncio.gather(task, return_exceptions=True)
        assert made.broker.doors.count == 0


@pytest.mark.parametrize("scope", [{"subprotocols": []}, {"subprotocols": ["live"]}])
async def test_another_subprotocol_is_refused(tmp_path: Path, scope: dict[str, Any]) -> None:
    async with running(tmp_path):
        browser = Browser()
        await browser.open(**scope)
        assert browser.got == [{"type": "websocket.close", "code": 1003}]


async def test_without_the_broker_there_is_no_websocket() -> None:
    browser = Browser()
    await browser.open()
    assert browser.got == [{"type": "websocket.close", "code": 1003}]
