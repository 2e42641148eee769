"""Publishing recordings over MQTT, at a pace."""

import heapq
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt

from mqtt_ingest.broker.reaching import open_first, plain_client
from mqtt_ingest.brokers import Broker
from mqtt_ingest.recordings.reader import Reading, device_name, read

WINDOW = 500
# A broker that acknowledges nothing for this long is down.
ACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When records are sent: `speed` times their own pace; 0 means as fast as it goes."""

    speed: float = 1.0
    # Added to every time, in µs.
    shift: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Outgoing:
    """A packet with the moment in the recording at which it is due, in µs."""

    due: int
    number: int
    topic: str
    payload: str


def last_time(paths: list[Path], how: Reading) -> int:
    """Return the latest time of all recordings, in µs."""
    return max((record.ts for path in paths for record in read(path, how)), default=0)


def older_than(paths: list[Path], how: Reading, limit: int) -> int:
    """Return how many records are older than `limit` (µs)."""
    return sum(record.ts < limit for path in paths for record in read(path, how))


def outgoing(path: Path, how: Reading, pace: Pace, device: str = "") -> Iterator[Outgoing]:
    """Yield the packets of one recording; a jump back in time is sent at once."""
    topic = f"devices/{device or device_name(path)}/telemetry"
    due = 0
    for number, record in enumerate(read(path, how)):
        due = max(due, record.ts)
        ts = record.ts + pace.shift
        # In ms, unless that cut it. The time of the record wins over a value of that name.
        body = {**record.values, "ts": ts if ts % 1_000 else ts // 1_000}
        yield Outgoing(due, number, topic, json.dumps(body, allow_nan=False))


def publish(
    broker: Broker,
    streams: list[Iterator[Outgoing]],
    pace: Pace,
    on_sent: Callable[[int], object],
    qos: int = 1,
) -> int:
    """Publish all streams, merged by time; return how many packets were acknowledged.

    Raises:
        OSError: the broker cannot be reached, or has stopped acknowledging.
    """
    client = _client(broker)
    waiting: deque[mqtt.MQTTMessageInfo] = deque()
    sent, started, first = 0, time.monotonic(), None
    try:
        for packet in heapq.merge(*streams):
            first = packet.due if first is None else first
            if pace.speed:
                due = started + (packet.due - first) / 1e6 / pace.speed
                time.sleep(max(0.0, due - time.monotonic()))
            waiting.append(client.publish(packet.topic, packet.payload, qos))
            if len(waiting) >= WINDOW:
                sent += _settle(waiting, on_sent)
        while waiting:
            sent += _settle(waiting, on_sent)
    finally:
        client.disconnect()
        client.loop_stop()
    return sent


def _settle(waiting: deque[mqtt.MQTTMessageInfo], on_sent: Callable[[int], object]) -> int:
    info = waiting.popleft()
    info.wait_for_publish(ACK_SECONDS)
    if not info.is_published():
        raise OSError(f"the broker has acknowledged nothing for {ACK_SECONDS:.0f} s")
    on_sent(1)
    return 1


def _client(broker: Broker) -> mqtt.Client:
    client = plain_client(broker)
    client.max_inflight_messages_set(100)
    client.max_queued_messages_set(0)
    open_first(client, broker)
    client.loop_start()
    return client
