"""Mutated packets through a real broker: no crash, no stall, no wrong row, none unexplained."""

import random
import time
from collections import Counter

import pytest

from mqtt_ingest.core.packets import Entry
from tests.faults.conftest import Report
from tests.faults.load_harness import short_or_long
from tests.support.factories import make_entry
from tests.support.hostile_payloads import mutated
from tests.support.services import wait_until
from tests.support.stack import Plant

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
Row = tuple[str, str, float | str]
SEED = 20_251_120


def packets(count: int) -> list[tuple[str, bytes]]:
    """Each from a device of its own, so that no packet explains another one's rows."""
    chance = random.Random(SEED)
    ends = ["", "", "", "/x", "/x/y"]
    return [(f"devices/m{n}/telemetry{chance.choice(ends)}", mutated(chance)) for n in range(count)]


def expected(entry: Entry) -> list[Row]:
    """Return the rows of one packet: the first of each time, what fits no kind as text."""
    assert entry.messages is not None
    rows: dict[tuple[str, int], Row] = {}
    kinds: dict[str, str] = {}
    for metric, ts, sample, value, text in entry.messages[0].samples:
        plain = {"numeral": "number", "word": "boolean"}.get(sample, sample)
        kind = kinds.setdefault(metric, plain)
        fits = kind == plain or (value is not None and kind == "number" and plain == "boolean")
        fits = fits or (kind == "boolean" and value in {0.0, 1.0})
        if fits and kind != "text":
            stored: float | str | None = value
        else:
            stored = text if text is not None else in_words(plain, value)
        assert stored is not None
        rows.setdefault((metric, ts), (entry.messages[0].native_id, metric, stored))
    return list(rows.values())


def in_words(kind: str, value: float | None) -> str:
    """Return a number or boolean as JSON writes it."""
    assert value is not None
    if kind == "boolean":
        return "true" if value else "false"
    return str(int(value)) if value.is_integer() and abs(value) <= 2**53 else repr(value)


def test_mutated_packets(plant: Plant, report: Report) -> None:
    worker = plant.worker()
    count = short_or_long(4_000, 100_000)
    made = packets(count)
    now = time.time_ns() // 1_000
    entries = [make_entry(payload, topic, received_at=now) for topic, payload in made]
    client = plant.client()
    for n, (topic, payload) in enumerate(made):
        info = client.publish(topic, payload, 1)
        if n % 500 == 499:  # paho queues 65,535 packets at most
            info.wait_for_publish(60)
    info.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    taken = "SELECT coalesce(sum(packets), 0) FROM devices_writer"
    wait_until(lambda: plant.sql(taken)[0][0] >= count, "every packet to be taken in", 600)

    good = [entry for entry in entries if entry.messages is not None]
    wanted = Counter(row for entry in good for row in expected(entry))
    found = Counter(
        (key, metric, value if text is None else text)
        for key, metric, value, text in plant.sql(
            "SELECT d.key, s.metric, r.value, r.text FROM devices_reading r "
            "JOIN devices_series s ON s.id = r.series_id "
            "JOIN devices_device d ON d.id = s.device_id"
        )
    )
    refused = Counter(entry.reason for entry in entries if entry.messages is None)
    letters = dict(
        plant.sql(
            "SELECT reason, sum(number)::bigint FROM mqtt_ingest_deadletter "
            "WHERE reason <> 'conflict' GROUP BY reason"
        )
    )
    report(
        "fuzz",
        {"sent": count, "rows": found.total(), "dead_letters": refused.total(), "seed": SEED},
        set(),
    )
    assert found == wanted
    assert letters == dict(refused)
    assert worker.returncode is None
    assert "Traceback" not in worker.text()
