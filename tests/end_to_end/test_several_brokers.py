"""Brokers beside that of the settings: added, changed and taken away while packets come in."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support import services
from tests.support.services import Service, wait_until
from tests.support.stack import Plant

pytestmark = pytest.mark.services
# Packets a second that come by the first broker meanwhile, and how many a batch.
RATE, AT_ONCE = 2_000, 100


class Sender:
    """Publishes numbered readings of one device until it is stopped."""

    def __init__(self, port: int, device: str, rate: float, at_once: int = 1) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(1_000)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.sent = 0
        self._device, self._at_once, self._pause = device, at_once, at_once / rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        waiting = []
        while not self._over.wait(self._pause):
            for _ in range(self._at_once):
                self.sent += 1
                payload = json.dumps({"ts": 1_790_000_000_000 + self.sent, "n": self.sent})
                topic = f"devices/{self._device}/telemetry"
                waiting.append(self.client.publish(topic, payload, 1))
        for info in waiting:
            info.wait_for_publish(30)

    def stop(self) -> int:
        """Return how many the broker has."""
        self._over.set()
        self._thread.join()
        self.client.disconnect()
        self.client.loop_stop()
        return self.sent


@contextmanager
def sending(port: int, device: str, rate: float, at_once: int = 1) -> Iterator[Sender]:
    made = Sender(port, device, rate, at_once)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def second() -> Iterator[Service]:
    with services.mosquitto() as service:
        yield service


def add_broker(plant: Plant, port: int, name: str = "home") -> None:
    plant.sql(
        "INSERT INTO devices_broker (name, addresses, username, password, ca, certificate, "
        f"private_key, version, canary, enabled) VALUES ('{name}', 'mqtt://127.0.0.1:{port}', "
        "'', '', '', '', '', '3.1.1', false, true)"
    )
    plant.sql(
        "INSERT INTO devices_source (name, broker_id, convention, filters, registration, clock, "
        f"zone, spread_equal, shared, options, enabled) SELECT 'native-{name}', id, 'native', "
        f"'[]', 'accept', 'sane', '', false, true, '{{}}', true FROM devices_broker "
        f"WHERE name = '{name}'"
    )


def numbers(plant: Plant, key: str) -> list[int]:
    rows = plant.sql(
        "SELECT r.value FROM devices_reading r JOIN devices_series s ON s.id = r.series_id "
        f"JOIN devices_device d ON d.id = s.device_id WHERE d.key = '{key}' ORDER BY r.ts"
    )
    return [int(value) for (value,) in rows]


def slots(plant: Plant) -> dict[str, Any]:
    rows = plant.sql("SELECT info FROM devices_process WHERE kind = 'ingest' AND state <> 'ended'")
    return {name: slot for (info,) in rows for name, slot in info["slots"].items()}


def is_subscribed(plant: Plant, name: str) -> bool:
    slot = slots(plant).get(name, {})
    return slot.get("state") == "subscribed" and "no filter" not in slot.get("detail", "")


@contextmanager
def witness(port: int) -> Iterator[list[str]]:
    heard: list[str] = []
    granted: list[int] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _d, message: heard.append(message.topic)
    client.on_subscribe = lambda *_: granted.append(1)
    client.connect("127.0.0.1", port)
    client.subscribe("#", 1)
    client.loop_start()
    wait_until(lambda: granted, "the subscription")
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_broker_is_added_changed_and_switched_off_while_another_is_busy(
    plant: Plant, second: Service
) -> None:
    worker = plant.worker()
    with (
        sending(plant.broker.port, "busy", RATE, AT_ONCE) as busy,
        witness(second.port) as heard,
    ):
        wait_until(lambda: plant.count() > RATE, "the first readings")
        add_broker(plant, second.port)
        wait_until(lambda: is_subscribed(plant, "home-ingest-0"), "the second broker's slot", 30)
        with sending(second.port, "lamp", 100) as lamp:
            wait_until(lambda: numbers(plant, "lamp"), "readings by the second broker")
            # The row is changed: the slot is given back and taken anew, the session stays.
            plant.sql("UPDATE devices_broker SET version = '5'")
            epoch = "SELECT epoch FROM devices_writer WHERE name = 'home-ingest-0'"
            wait_until(lambda: plant.sql(epoch) == [(2,)], "the slot to be taken anew", 30)
            wait_until(lambda: is_subscribed(plant, "home-ingest-0"), "its subscription", 30)
            before = lamp.sent
            wait_until(lambda: lamp.sent > before + 50, "more packets")
            sent_by_lamp = lamp.stop()
        wait_until(lambda: len(numbers(plant, "lamp")) >= sent_by_lamp, "all of the second's", 30)
        # Switched off: what is queued is read, and its session ends.
        plant.sql("UPDATE devices_broker SET enabled = false")
        left = "SELECT filters FROM devices_writer WHERE name = 'home-ingest-0'"
        wait_until(lambda: plant.sql(left) == [([],)], "its session to end", 30)
        wait_until(lambda: "home-ingest-0" not in slots(plant), "its slot to be no more", 30)
        sent_by_busy = busy.stop()
    wait_until(lambda: len(numbers(plant, "busy")) >= sent_by_busy, "all of the first's", 60)
    assert numbers(plant, "busy") == list(range(1, sent_by_busy + 1))
    assert numbers(plant, "lamp") == list(range(1, sent_by_lamp + 1))
    assert len(heard) == sent_by_lamp, "we have published nothing there"
    assert plant.count("mqtt_ingest_deadletter") == 0
    assert worker.returncode is None


def test_what_has_one_name_on_two_brokers_is_two_devices(plant: Plant, second: Service) -> None:
    add_broker(plant, second.port)
    plant.worker()
    wait_until(lambda: is_subscribed(plant, "home-ingest-0"), "the second broker's slot", 30)
    for port, value in ((plant.broker.port, 1), (second.port, 2)):
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", port)
        client.loop_start()
        client.publish("devices/twin/telemetry", json.dumps({"n": value}), 1).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        wait_until(lambda: plant.count() == value, "its reading")  # noqa: B023 - within the turn
    assert numbers(plant, "twin") == [1]
    assert numbers(plant, "twin-home") == [2]


def test_a_broker_that_is_away_concerns_its_own_devices_alone(plant: Plant) -> None:
    with services.mosquitto() as away:
        add_broker(plant, away.port)
        plant.worker()
        wait_until(lambda: is_subscribed(plant, "home-ingest-0"), "the second broker's slot", 30)
        with sending(away.port, "lamp", 50):
            wait_until(lambda: numbers(plant, "lamp"), "its readings")
    cut_off = "SELECT cut_off_since IS NOT NULL FROM devices_device WHERE key = 'lamp'"
    with sending(plant.broker.port, "busy", 50):
        wait_until(lambda: plant.sql(cut_off) == [(True,)], "the device to be cut off", 60)
        told = plant.manage("status")
        assert "ingest: up;" in told
        assert "1 online, 0 stale, 1 unknown" in told
        assert "red: A slot is not connected to the broker: home-ingest-0: unreachable" in told
    with services.mosquitto(away.port):
        wait_until(lambda: plant.sql(cut_off) == [(False,)], "the device to be back", 60)


# A CONNACK that accepts, what no MQTT allows after it, and what it allows without end.
ACCEPTED = b"\x20\x02\x00\x00"
NONSENSE = [
    b"",
    b"\xff" * 4_096,
    ACCEPTED + b"\x32\xff\xff\xff\xff\xff" + b"x" * 70_000,
    ACCEPTED * 50_000,
    ACCEPTED + b"\xb0\x02\x00\x09" * 50_000,
    # A PUBLISH of 30 MB on a topic that nobody asked for, at QoS 1.
    ACCEPTED + b"\x32\x87\x87\xa7\x0e\x00\x01t\x00\x01" + b"x" * 30_000_002,
]


@contextmanager
def nonsense(answer: bytes) -> Iterator[tuple[int, list[int]]]:
    """Yield a port whose connections are answered by `answer`, and how many there were."""
    came: list[int] = []
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _address = server.accept()
                    came.append(1)
                    kept.append(peer)
                    threading.Thread(target=peer.sendall, args=(answer,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for peer in kept:
                peer.close()


def test_brokers_that_say_nothing_or_nonsense_concern_nobody_else(plant: Plant) -> None:
    with contextlib.ExitStack() as stack:
        hostile = [stack.enter_context(nonsense(answer)) for answer in NONSENSE]
        for number, (port, _came) in enumerate(hostile):
            add_broker(plant, port, f"odd-{number}")
        worker = plant.worker()
        with sending(plant.broker.port, "busy", 200, 10) as busy:
            wait_until(lambda: all(came for _port, came in hostile), "all of them to be tried", 60)
            wait_until(lambda: len(numbers(plant, "busy")) > 400, "readings meanwhile", 60)
            sent = busy.stop()
        wait_until(lambda: len(numbers(plant, "busy")) >= sent, "all of the first's", 60)
        assert numbers(plant, "busy") == list(range(1, sent + 1))
        assert worker.returncode is None
        assert "ingest: up;" in plant.manage("status")
