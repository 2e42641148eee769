"""Values for tests, with keyword defaults."""

from typing import Any

from devices.broker_addresses import Addresses
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.conventions.native import Native
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Batch, Entry, Packet
from mqtt_ingest.core.pipeline import Route, Router, decode

# 2025-11-20 23:33:44.123 UTC in µs
ARRIVAL = 1_763_681_624_123_000


def make_packet(
    topic: str = "devices/press-3/telemetry", payload: Any = b"", **more: Any
) -> Packet:
    data = payload.encode() if isinstance(payload, str) else payload
    return Packet(topic, data, more.pop("received_at", ARRIVAL), **{"qos": 1, **more})


def route(**limits: Any) -> Route:
    return Route("native", Native(), Limits(**limits))


def make_entry(payload: Any, topic: str = "devices/press-3/telemetry", **more: Any) -> Entry:
    """Decode a packet as the worker would."""
    return decode(make_packet(topic, payload, **more), Router([route()]))


def make_batch(*entries: Entry) -> Batch:
    batch = Batch()
    for entry in entries:
        batch.add(entry)
    return batch


def samples_of(entry: Entry) -> dict[str, Any]:
    """Return the values of a decoded packet by metric."""
    assert entry.messages is not None, (entry.reason, entry.detail)
    return {
        sample.metric: sample.text if sample.value is None else sample.value
        for sample in entry.messages[0].samples
    }


def broker_at(port: int, **more: Any) -> Broker:
    """Return a broker of this machine."""
    return Broker(addresses=Addresses("mqtt", (("127.0.0.1", port),)), **more)
