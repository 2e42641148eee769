"""Somebody goes away while the database works for them: it stops."""

import http.client
import json
import time

import psycopg
import pytest

from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    "AND query LIKE '%devices_reading%' AND pid <> pg_backend_pid()"
)


def test_a_read_ends_with_the_connection_of_its_reader(plant: Plant) -> None:
    worker = plant.worker()
    plant.web()
    plant.add_user()
    publish(plant, [("devices/a/telemetry", json.dumps({"t": 1}))])
    wait_until(lambda: plant.count() == 1, "the row")
    worker.stop()
    headers = {"Authorization": f"Bearer {plant.token()}"}
    with psycopg.connect(plant.url) as holder:
        # Whoever reads waits for this lock, as for a slow query.
        holder.execute("LOCK TABLE devices_reading IN ACCESS EXCLUSIVE MODE")
        reader = http.client.HTTPConnection("127.0.0.1", plant.web_port)
        reader.request("GET", "/api/v1/readings?keys=a/t", headers=headers)
        wait_until(lambda: plant.sql(WAITING) == [(1,)], "the read")
        started = time.monotonic()
        reader.close()
        wait_until(lambda: plant.sql(WAITING) == [(0,)], "its end", 20)
        # Not by the statement timeout of 10 s.
        assert time.monotonic() - started < 6
        holder.rollback()
