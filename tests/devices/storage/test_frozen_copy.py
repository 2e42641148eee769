"""A process that stands still in the middle of a COPY, which no timeout of PostgreSQL ends."""

import json
import time

import psycopg
import pytest

from tests.support.services import wait_until
from tests.support.stack import Plant, publish


def packet(ts: int) -> tuple[str, str]:
    return "devices/a/telemetry", json.dumps({"ts": ts, "t": 1})


def test_whoever_takes_the_writer_over_does_not_wait_for_it(plant: Plant) -> None:
    now = int(time.time() * 1_000)
    worker = plant.worker()
    publish(plant, [packet(now)])
    wait_until(lambda: plant.count() == 1, "a reading")
    assert worker.stop() == 0
    ((series, ts),) = plant.sql("SELECT series_id, ts FROM devices_reading")
    # The key of what comes next, in a COPY that never ends.
    name = "iotbridge ingest-0"
    with (  # noqa: PT012 - it is raised where the COPY ends
        pytest.raises(psycopg.errors.AdminShutdown),
        psycopg.connect(plant.url, application_name=name) as frozen,
        frozen.cursor().copy("COPY devices_reading (series_id, ts, value) FROM STDIN") as copy,
    ):
        # More than the server keeps before it writes: the first of them are in the table.
        for n in range(20_000):
            copy.write_row((series, ts + 1_000 * (n + 1), 7.0))
        plant.worker()
        publish(plant, [packet(now + 1)])
        wait_until(lambda: plant.count() == 2, "the same key by the new holder", 15)
    assert plant.sql("SELECT value FROM devices_reading") == [(1.0,), (1.0,)]
