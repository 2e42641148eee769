"""Counters of this process, for /metrics and the heartbeat. No label per device."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mqtt_ingest.core.packets import Batch
from mqtt_ingest.storing.stored import Stored

REGISTRY = CollectorRegistry()


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(f"iotbridge_{name}", text, labels, registry=REGISTRY)


PACKETS = _counter("packets", "Packets received from the broker")
SAMPLES = _counter("samples", "Samples decoded")
REJECTED = _counter("rejected", "Packets that became dead letters", ("reason",))
BAD_SAMPLES = _counter("bad_samples", "Samples refused in otherwise good packets")
EXPIRED = _counter("expired", "Samples older than the retention limit")
REFUSED = _counter(
    "refused", "Packets (reasons series and expired: samples) that a limit refused", ("reason",)
)
REQUESTS = _counter("requests", "What conventions asked devices for, published", ("purpose",))
REDELIVERED = _counter("redelivered", "Packets the broker had sent before (DUP)")
READINGS = _counter("readings_stored", "Readings stored")
DUPLICATES = _counter("duplicates", "Samples that were stored already")
CONFLICTS = _counter("conflicts", "Samples that differ from the stored value of their time")
ACKNOWLEDGED = _counter("acknowledged", "Packets acknowledged after COMMIT")
SESSIONS_LOST = _counter("sessions_lost", "Times the broker had forgotten our session")
BROKER_DROPPED = Gauge(
    "iotbridge_broker_dropped",
    "The broker's own count of packets it dropped for clients whose queue was full",
    registry=REGISTRY,
)
CONNECTIONS_LOST = _counter("connections_lost", "Times a connection to the broker broke")
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
    bad = expired = redelivered = 0
    difference: int | None = None
    now = time.time_ns() // 1_000
    for entry in batch.entries:
        entry.committed_at = now
        redelivered += entry.packet.dup
        if entry.messages is None:
            REJECTED.labels(entry.reason).inc()
            continue
        for message in entry.messages:
            if message.odd:
                bad += len(message.bad)
                expired += message.expired
            difference = message.clock_difference
    for counter, number in (
        (ACKNOWLEDGED, len(batch.entries)),
        (REDELIVERED, redelivered),
        (SAMPLES, batch.samples),
        (BAD_SAMPLES, bad),
        (EXPIRED, expired),
        (READINGS, len(stored.rows)),
        (DUPLICATES, stored.duplicates),
        (CONFLICTS, stored.conflicts),
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
    """Return every figure without the buckets, for the heartbeat; labels in the name."""
    return {
        _short(sample.name) + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def _short(name: str) -> str:
    return name.removeprefix("iotbridge_").removesuffix("_total")
