"""Counts tell which broker they are of, and the heartbeat sums them up."""

from prometheus_client import generate_latest

from mqtt_ingest import metrics
from mqtt_ingest.core.packets import Batch
from mqtt_ingest.storing.stored import Stored
from tests.support.factories import make_entry


def count(writer: str) -> None:
    batch = Batch()
    batch.add(make_entry({"t": 21.5}))
    metrics.count(batch, Stored(writer, 1, duplicates=1))


def test_what_is_stored_is_counted_by_broker() -> None:
    before = metrics.totals().get("acknowledged", 0.0)
    for writer in ("ingest-0", "attic-ingest-0", "attic-ingest-1"):
        count(writer)
    told = generate_latest(metrics.REGISTRY).decode()
    assert 'iotbridge_acknowledged_total{broker="attic"} 2.0' in told
    assert 'iotbridge_duplicates_total{broker="attic"} 2.0' in told
    assert 'iotbridge_acknowledged_total{broker=""}' in told
    assert metrics.totals()["acknowledged"] == before + 3
    assert not any("attic" in name for name in metrics.totals())


def test_a_slot_tells_its_broker_by_its_name() -> None:
    assert metrics.broker_of("attic-ingest-3") == "attic"
    assert metrics.broker_of("ingest-0") == metrics.broker_of("replay") == ""
