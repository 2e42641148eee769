"""The demo fleet at work: it publishes over real MQTT, as real devices would."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterator, Mapping

import paho.mqtt.client as mqtt
from tqdm import tqdm

from iotbridge.demo.devices import CONFUSED, DEVICES, UNSTEADY, SimulatedDevice
from mqtt_ingest.broker.paho_client import PlainClient
from mqtt_ingest.broker.reaching import open_first, plain_client
from mqtt_ingest.brokers import Broker

logger = logging.getLogger(__name__)

HISTORY_SECONDS = 86_400
STEP_SECONDS = 60
RECORDS_PER_PACKET = 100
NONSENSE_SECONDS = 60
# Seconds at work and away of the unsteady device.
PRESENT_SECONDS, ABSENT_SECONDS = 150, 45


class Fleet:
    """Publishes the devices' telemetry until stopped."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._client = self._make_client("demo-fleet")
        self._unsteady: PlainClient | None = None
        self._due = {device.key: 0.0 for device in DEVICES}
        self._next_nonsense = time.time() + 20

    def _make_client(self, name: str) -> PlainClient:
        client = plain_client(self._broker, name)
        client.max_inflight_messages_set(50)
        return client

    def connect(self) -> None:
        """Connect the fleet's gateway; blocks until it is done."""
        open_first(self._client, self._broker, keepalive=30)
        self._client.loop_start()
        for device in DEVICES:
            if device.key != UNSTEADY:
                self._client.publish(f"devices/{device.key}/status", "online", 1, retain=True)

    def fill(self, newest: Mapping[str, float]) -> None:
        """Send the last day, or what is missing of it, with a progress bar.

        Args:
            newest: time in s since 1970 of each device's newest reading.
        """
        packets = list(_history(newest, time.time()))
        if not packets:
            return
        waiting: list[mqtt.MQTTMessageInfo] = []
        with tqdm(total=len(packets), desc="A day of simulated history", unit="packet") as bar:
            for topic, payload in packets:
                waiting.append(self._client.publish(topic, payload, 1))
                if len(waiting) >= 20:
                    waiting.pop(0).wait_for_publish(60)
                    bar.update()
            for info in waiting:
                info.wait_for_publish(60)
                bar.update()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            now = time.time()
            self._come_and_go(now)
            for device in DEVICES:
                if now >= self._due[device.key]:
                    self._due[device.key] = now + device.every
                    self._send(device, now)
            if now >= self._next_nonsense:
                self._next_nonsense = now + NONSENSE_SECONDS
                self._client.publish(f"devices/{CONFUSED}/telemetry", '{"oil": {"temp', 1)
            await asyncio.sleep(0.25)

    def _send(self, device: SimulatedDevice, now: float) -> None:
        client = self._unsteady if device.key == UNSTEADY else self._client
        if client is not None:
            payload = json.dumps({"ts": int(now * 1_000), **device.measure(now)})
            client.publish(f"devices/{device.key}/telemetry", payload, 1)

    def _come_and_go(self, now: float) -> None:
        """Let one device vanish without a word now and then; its last will tells."""
        present = now % (PRESENT_SECONDS + ABSENT_SECONDS) < PRESENT_SECONDS
        if present and self._unsteady is None:
            self._unsteady = client = self._make_client("demo-unsteady")
            client.will_set(f"devices/{UNSTEADY}/status", "offline", 1, retain=True)
            with contextlib.suppress(OSError):
                client.connect_async(*self._broker.addresses.hosts[0], keepalive=10)
                client.loop_start()
                client.on_connect = _say_online
        elif not present and self._unsteady is not None:
            client, self._unsteady = self._unsteady, None
            client.loop_stop()
            sock = client.socket()
            if sock is not None:
                sock.close()  # as if the cable was cut: no DISCONNECT

    def close(self) -> None:
        """Disconnect."""
        for client in (self._client, self._unsteady):
            if client is not None:
                client.disconnect()
                client.loop_stop()


def _say_online(client: mqtt.Client, *_details: object) -> None:
    client.publish(f"devices/{UNSTEADY}/status", "online", 1, retain=True)


def _history(newest: Mapping[str, float], now: float) -> Iterator[tuple[str, str]]:
    for device in DEVICES:
        start = max(now - HISTORY_SECONDS, newest.get(device.key, 0.0) + STEP_SECONDS)
        times = range(
            int(start) // STEP_SECONDS * STEP_SECONDS + STEP_SECONDS, int(now), STEP_SECONDS
        )
        records = [{"ts": t, **device.measure(t)} for t in times]
        for first in range(0, len(records), RECORDS_PER_PACKET):
            chunk = records[first : first + RECORDS_PER_PACKET]
            yield f"devices/{device.key}/telemetry", json.dumps(chunk)
