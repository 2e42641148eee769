"""Counters of this process, for /metrics and the heartbeat. No label per device."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(f"iotbridge_{name}", text, labels, registry=REGISTRY)


PACKETS = _counter("packets", "Packets received from the broker")
SAMPLES = _counter("samples", "Samples decoded")
REJECTED = _counter("rejected", "Packets that became dead letters", ("reason",))
BAD_SAMPLES = _counter("bad_samples", "Samples refused in otherwise good packets")
EXPIRED = _counter("expired", "Samples older than the retention limit")
REFUSED = _counter("refused", "Packets of rejected or disabled devices")
READINGS = _counter("readings_stored", "Readings stored")
DUPLICATES = _counter("duplicates", "Samples that were stored already")
CONFLICTS = _counter("conflicts", "Samples that differ from the stored value of their time")
ACKNOWLEDGED = _counter("acknowledged", "Packets acknowledged after COMMIT")
SESSIONS_LOST = _counter("sessions_lost", "Times the broker had forgotten our session")
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
ANNOUNCE_FAILED = Gauge(
    "iotbridge_announce_failed", "Live events the layer did not take", registry=REGISTRY
)
SLOTS = Gauge("iotbridge_slots_held", "Slots this worker holds", registry=REGISTRY)
