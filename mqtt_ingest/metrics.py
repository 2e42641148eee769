"""Counters of this process, for /metrics and the heartbeat. No label per device."""

import time
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from devices.models.slot_names import SlotName
from mqtt_ingest.core.packets import Batch
from mqtt_ingest.storing.stored import Stored

REGISTRY = CollectorRegistry()
# Which broker a count is of; empty is that of the settings.
BROKER = "broker"
OF_BROKER = (BROKER,)


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(f"iotbridge_{name}", text, labels, registry=REGISTRY)


PACKETS = _counter("packets", "Packets received from the broker")
SAMPLES = _counter("samples", "Samples decoded")
REJECTED = _counter("rejected", "Packets that became dead letters", ("reason", BROKER))
BAD_SAMPLES = _counter("bad_samples", "Samples refused in otherwise good packets")
EXPIRED = _counter("expired", "Samples older than the retention limit")
REFUSED = _counter(
    "refused", "Packets (reasons series and expired: samples) that a limit refused", ("reason",)
)
REQUESTS = _counter("requests", "What conventions asked devices for, published", ("purpose",))
REDELIVERED = _counter("redelivered", "Packets the broker had sent before (DUP)", OF_BROKER)
READINGS = _counter("readings_stored", "Readings stored", OF_BROKER)
DUPLICATES = _counter("duplicates", "Samples that were stored already", OF_BROKER)
CONFLICTS = _counter(
    "conflicts", "Samples that differ from the stored value of their time", OF_BROKER
)
ACKNOWLEDGED = _counter("acknowledged", "Packets acknowledged after COMMIT", OF_BROKER)
SESSIONS_LOST = _counter("sessions_lost", "Times the broker had forgotten our session", OF_BROKER)
BROKER_DROPPED = Gauge(
    "iotbridge_broker_dropped",
    "The broker's own count of packets it dropped for clients whose queue was full",
    OF_BROKER,
    registry=REGISTRY,
)
CONNECTIONS_LOST = _counter("connections_lost", "Times a connection to the broker broke", OF_BROKER)
COMMIT_SECONDS = Histogram(
    "iotbridge_commit_seconds",
    "Duration of batch transactions",
    registry=REGISTRY,
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
UNACKNOWLEDGED = Gauge(
    "iotbridge_unacknowledged", "Packets waiting for their commit", registry=REGISTRY
)
LAG_SECONDS = Gauge(
    "iotbridge_lag_seconds", "Arrival to commit of the newest batch", registry=REGISTRY
)
LOOP_LAG_SECONDS = Gauge("iotbridge_loop_lag_seconds", "Event loop delay", registry=REGISTRY)
ANNOUNCED = Gauge("iotbridge_announced", "Live events sent", registry=REGISTRY)
THINNED = Gauge(
    "iotbridge_thinned", "Live events that were joined with a later one", registry=REGISTRY
)
ANNOUNCE_FAILED = Gauge(
    "iotbridge_announce_failed", "Live events the layer did not take", registry=REGISTRY
)
SLOTS = Gauge("iotbridge_slots_held", "Slots this worker holds", registry=REGISTRY)

BATCH_PACKETS = Histogram(
    "iotbridge_batch_packets",
    "Packets in a batch",
    registry=REGISTRY,
    buckets=(1, 10, 50, 100, 200, 500, 1_000, 2_000),
)
DEVICE_LAG_SECONDS = Gauge(
    "iotbridge_device_lag_seconds",
    "Device time to commit, of the newest packet with a time of its own",
    registry=REGISTRY,
)


def count(batch: Batch, stored: Stored) -> None:
    """Count a committed batch: once per batch what would be slow once per packet."""
    broker = broker_of(stored.writer)
    bad = expired = redelivered = 0
    difference: int | None = None
    now = time.time_ns() // 1_000
    for entry in batch.entries:
        entry.committed_at = now
        redelivered += entry.packet.dup
        if entry.messages is None:
            REJECTED.labels(entry.reason, broker).inc()
            continue
        for message in entry.messages:
            if message.odd:
                bad += len(message.bad)
                expired += message.expired
            difference = message.clock_difference
    for counter, number in (
        (ACKNOWLEDGED.labels(broker), len(batch.entries)),
        (REDELIVERED.labels(broker), redelivered),
        (SAMPLES, batch.samples),
        (BAD_SAMPLES, bad),
        (EXPIRED, expired),
        (READINGS.labels(broker), len(stored.rows)),
        (DUPLICATES.labels(broker), stored.duplicates),
        (CONFLICTS.labels(broker), stored.conflicts),
    ):
        if number:
            counter.inc(number)
    for reason, number in stored.refused.items():
        REFUSED.labels(reason).inc(number)
    BATCH_PACKETS.observe(len(batch.entries))
    COMMIT_SECONDS.observe(stored.seconds)
    lag = max(0.0, (now - batch.entries[-1].packet.received_at) / 1e6)
    LAG_SECONDS.set(lag)
    if difference is not None:
        DEVICE_LAG_SECONDS.set(lag - difference / 1e6)


def totals() -> dict[str, float]:
    """Return every figure, of all brokers together, for the heartbeat; labels in the name."""
    found: dict[str, float] = {}
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if not sample.name.endswith(("_bucket", "_created")):
                labels = [value for label, value in sample.labels.items() if label != BROKER]
                name = " ".join([_short(sample.name), *labels])
                found[name] = found.get(name, 0.0) + sample.value
    return found


@lru_cache(maxsize=256)
def broker_of(slot: str) -> str:
    """Return the broker of a slot by its name; empty is that of the settings."""
    name = SlotName.read(slot)
    return name.broker if name else ""


def _short(name: str) -> str:
    return name.removeprefix("iotbridge_").removesuffix("_total")
