"""The commands of docs/howto/backup.md: a dump of a plant that runs, and what comes back."""

import json
import subprocess
import time

import psycopg
import pytest

from tests.support.services import find, wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services
TABLES = ("devices_reading", "devices_series")


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_dump_comes_back_as_a_plant_that_works(plant: Plant) -> None:
    worker = plant.worker()
    now = int(time.time() * 1_000)
    packets = [
        ("devices/a/telemetry", json.dumps({"ts": now - n * 60_000, "t": n})) for n in range(600)
    ]
    publish(plant, packets)
    wait_until(lambda: plant.count() == len(packets), "the rows", 60)
    dump = str(plant.folder / "iotbridge.dump")
    run(find("pg_dump", "postgresql"), "-Fc", "-d", plant.url, "-f", dump)
    worker.stop()
    before = {table: plant.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}

    admin = plant.url.replace(plant.name, "postgres")
    restored = f"{plant.name}_new"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {restored}")
    plant.name, plant.url = restored, plant.url.replace(plant.name, restored)
    plant.env["DATABASE_URL"] = plant.url
    run(find("pg_restore", "postgresql"), "--exit-on-error", "-d", plant.url, dump)
    plant.manage("migrate", "--verbosity", "0")
    assert before == {table: plant.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}
    # What comes meanwhile waits at the broker, and is stored by the restored plant.
    publish(plant, [("devices/a/telemetry", json.dumps({"ts": now + 1, "t": 1}))])
    plant.worker()
    wait_until(lambda: plant.count() == len(packets) + 1, "the packet that waited", 30)
