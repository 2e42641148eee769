"""The same promise in one process: its embedded broker acknowledges after the commit."""

import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.faults.conftest import Report
from tests.faults.load_harness import short_or_long, under_load
from tests.support import services
from tests.support.services import wait_until
from tests.support.standalone_stack import Standalone

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
ACCEPT = {"MQTT_REGISTRATION": "accept"}


@pytest.fixture
def standalone() -> Iterator[Standalone]:
    with services.folder("standalone") as folder:
        made = Standalone(folder)
        made.start(**ACCEPT)
        yield made
        made.stop()


def test_kill_9(standalone: Standalone, report: Report) -> None:
    with under_load(standalone, "standalone-kill-9", report, client_id="numbered") as rig:
        for _turn in range(short_or_long(2, 20)):
            rig.flows(random.randint(1, 300))
            standalone.stop(signal.SIGKILL)
            started = time.monotonic()
            standalone.start(**ACCEPT)
            rig.flows(1)
            rig.recovered = max(rig.recovered, time.monotonic() - started)


def test_locked_database(standalone: Standalone, report: Report) -> None:
    with under_load(standalone, "standalone-locked", report, client_id="numbered") as rig:
        rig.watch_status()
        rig.flows(200)
        database = sqlite3.connect(standalone.folder / "db.sqlite3", isolation_level=None)
        with closing(database):
            database.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            rig.says("database_locked", "database_away", "behind", seconds=40)
            wait_until(lambda: time.monotonic() - began > short_or_long(12, 30), "the lock", 60)
        rig.recovers()
        rig.is_well()
