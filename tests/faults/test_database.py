"""Faults of the database: stopped, killed, full, locked."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.faults.conftest import Report
from tests.faults.load_harness import short_or_long, under_load
from tests.support import services
from tests.support import stack as plants
from tests.support.services import Service, wait_until
from tests.support.stack import Plant

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]


def test_stopped_and_started_again(whole_plant: Plant, report: Report) -> None:
    """Longer than the worker holds packets itself: it gives them back to the broker."""
    whole_plant.worker()
    with under_load(whole_plant, "postgresql-stopped", report) as rig:
        rig.watch_status()
        rig.flows(200)
        rig.status()
        whole_plant.database.stop(signal.SIGINT)
        stopped = time.monotonic()
        rig.says("database_away")
        wait_until(
            lambda: time.monotonic() - stopped > short_or_long(13, 20), "the outage to last", 60
        )
        whole_plant.database.start()
        rig.recovers()
        rig.is_well()


def test_killed(whole_plant: Plant, report: Report) -> None:
    whole_plant.worker()
    with under_load(whole_plant, "postgresql-killed", report) as rig:
        rig.watch_status()
        for _turn in range(short_or_long(1, 5)):
            rig.flows(200)
            whole_plant.database.kill()
            rig.says("database_away")
            _start_after_crash(whole_plant.database)
            rig.recovers()
        rig.is_well()


def _start_after_crash(database: Service) -> None:
    """Its children may hold the shared memory for a moment longer."""

    def starts() -> bool:
        try:
            database.start()
        except (RuntimeError, TimeoutError):
            return False
        return True

    wait_until(starts, "PostgreSQL to start after the crash", 60)


def test_a_lock_is_held(whole_plant: Plant, report: Report) -> None:
    """Somebody's forgotten transaction holds the tables that every batch writes."""
    whole_plant.worker()
    with under_load(whole_plant, "lock-held", report) as rig:
        rig.watch_status()
        rig.flows(200)
        with psycopg.connect(whole_plant.url) as somebody:
            somebody.execute("LOCK TABLE devices_latest IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            rig.says("database_locked")
            wait_until(
                lambda: time.monotonic() - began > short_or_long(12, 30), "the lock to last", 60
            )
        rig.recovers()
        rig.is_well()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own in memory; mounting one needs root."""
    with services.folder("disk") as path:
        path.chmod(0o755)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "none", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"needs root to mount a small file system: {done.stderr.strip()}")
        try:
            yield path
        finally:
            subprocess.run(["umount", "-l", str(path)], check=True)


def test_the_disk_is_full(
    mosquitto_service: Service, redis_service: Service, report: Report
) -> None:
    """Nothing is acknowledged while there is no room; it cures itself when there is."""
    with (
        small_disk(600) as disk,
        services.postgresql(within=disk, prepared=plants.prepared()) as database,
        plants.plant(mosquitto_service, redis_service, database) as plant,
    ):
        plant.worker()
        with under_load(plant, "disk-full", report) as rig:
            rig.watch_status()
            rig.flows(200)
            rig.status()
            _fill(disk)
            rig.says("disk_full", "database_away", seconds=60)
            before = rig.taken()
            assert before < rig.publisher.sent
            (disk / "ballast").unlink(missing_ok=True)
            rig.recovers(90)
            rig.is_well(90)
        assert rig.seen & {"disk_full", "database_away"}


def _fill(disk: Path) -> None:
    try:
        with (disk / "ballast").open("wb") as file:
            while True:
                file.write(bytes(65_536))
                file.flush()
    except OSError:
        return
