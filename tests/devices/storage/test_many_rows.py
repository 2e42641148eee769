"""Batches of any number of rows, some of which are there already."""

import pytest
from django.db import connection

from mqtt_ingest.core.packets import Batch
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry


def batch(numbers: range, value: int = 0) -> Batch:
    """Return a packet for each number: of one of seven devices, at a time of its own."""
    return make_batch(
        *(
            make_entry(
                f'{{"ts": {ARRIVAL // 1_000 + n}, "t": {n + value}}}', f"devices/d{n % 7}/telemetry"
            )
            for n in numbers
        )
    )


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("count", [1, 4, 85, 341, 700])
def test_each_row_is_stored_once(count: int) -> None:
    writer = make_writer()
    assert len(writer.store(batch(range(count))).rows) == count
    stored = writer.store(batch(range(count // 2, count + 10)))
    assert (len(stored.rows), stored.duplicates, stored.conflicts) == (10, count - count // 2, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ts, value FROM devices_reading ORDER BY ts")
        assert cursor.fetchall() == [(ARRIVAL + n * 1_000, n) for n in range(count + 10)]
        cursor.execute("SELECT max(ts) FROM devices_latest")
        assert cursor.fetchone() == (ARRIVAL + (count + 9) * 1_000,)


@pytest.mark.usefixtures("tables")
def test_other_values_for_known_times_are_told_and_the_first_stay() -> None:
    writer = make_writer()
    writer.store(batch(range(300)))
    stored = writer.store(batch(range(400), value=1))
    assert (len(stored.rows), stored.duplicates, stored.conflicts) == (100, 0, 300)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(value) FROM devices_reading")
        assert cursor.fetchone() == (400, sum(range(300)) + sum(range(301, 401)))
