"""What a device does to ingest: bounds of memory and disk, seen from outside."""

import json
import time

from tests.bench.support.measure import rss
from tests.support.services import wait_until
from tests.support.standalone_stack import Standalone


def kept(standalone: Standalone) -> int:
    """Return how many bytes dead letters hold."""
    ((found,),) = standalone.rows(
        "SELECT coalesce(sum(length(topic) + length(payload) + "
        "coalesce(length(last_payload), 0)), 0) FROM mqtt_ingest_deadletter"
    )
    return int(found)


def test_dead_letters_stay_within_their_budget(standalone: Standalone) -> None:
    standalone.start(MQTT_REGISTRATION="accept", DEAD_LETTER_MB="1")
    client = standalone.client()
    for number in range(40):
        topic = f"devices/d{number}/telemetry"
        client.publish(topic, "{" + "x" * 100_000, 1).wait_for_publish(20)
    # Within seconds, by a service.
    wait_until(lambda: kept(standalone) <= 1_000_000, "the oldest to go", 40)
    told = standalone.rows("SELECT reason, packets FROM devices_loss")
    assert {reason for reason, _packets in told} == {"dead_letters_evicted"}
    assert sum(packets for _reason, packets in told) >= 30
    client.disconnect()
    client.loop_stop()


def test_names_without_end_do_not_fill_the_memory(standalone: Standalone) -> None:
    standalone.start(MQTT_REGISTRATION="accept", MAX_SERIES_PER_DEVICE="10")
    assert standalone.process is not None
    client = standalone.client()
    client.publish("devices/a/telemetry", "1", 1).wait_for_publish(20)
    before = rss(standalone.process.pid)
    for number in range(300):
        long = json.dumps({f"{'m' * 240_000}{number}": 1})
        client.publish("devices/a/telemetry", long, 1)
        sent = client.publish(f"devices/a/telemetry/{'x' * 900}{number}", "1", 1)
    sent.wait_for_publish(60)
    many = json.dumps({f"{'m' * 90}{number}": [""] * 60 for number in range(900)})
    for _number in range(100):
        sent = client.publish("devices/a/telemetry", many, 1)
    sent.wait_for_publish(60)
    assert rss(standalone.process.pid) - before < 100_000_000
    began = time.monotonic()
    client.publish("devices/b/telemetry", '{"t": 1}', 1).wait_for_publish(20)
    assert time.monotonic() - began < 20
    client.disconnect()
    client.loop_stop()
