"""Faults of the worker: killed, stopped, frozen, away for long, in the wrong time."""

import random
import signal
import time
from pathlib import Path

import pytest

from tests.bench.support.fast_publisher import Load
from tests.bench.support.measure import rss
from tests.faults.conftest import Report
from tests.faults.load_harness import short_or_long, under_load
from tests.support.releases import NoHistoryError, check_out
from tests.support.services import PATIENCE, MissingServiceError, free_port, wait_until
from tests.support.stack import Plant

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
TWO_SLOTS = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "iotbridge", "MQTT_SHARING": "always"}
# The last release whose workers may run beside ours during an update.
LAST_RELEASE = "eca3e03"


def test_kill_9_at_random_moments(plant: Plant, report: Report) -> None:
    worker = plant.worker()
    with under_load(plant, "kill-9", report) as rig:
        rig.watch_status()
        for turn in range(short_or_long(3, 20)):
            rig.flows(random.randint(1, 300))
            worker.stop(signal.SIGKILL)
            if turn == 0:
                rig.says("no_worker", seconds=15)
            worker = plant.worker(wait=False)
            rig.recovers()
        rig.is_well()


def test_sigterm(plant: Plant, report: Report) -> None:
    worker = plant.worker()
    with under_load(plant, "sigterm", report) as rig:
        for _turn in range(short_or_long(1, 5)):
            rig.flows(200)
            assert worker.stop(signal.SIGTERM) == 0
            worker = plant.worker(wait=False)
            rig.recovers()


def test_one_of_two_workers_is_killed(plant: Plant, report: Report) -> None:
    first, second = plant.worker(**TWO_SLOTS), plant.worker(state="idle", wait=False, **TWO_SLOTS)
    holders = "SELECT count(DISTINCT holder) FROM devices_writer WHERE holder <> ''"
    wait_until(lambda: plant.sql(holders) == [(2,)], "each worker to hold a slot", 30)
    with under_load(plant, "kill-one-of-two", report) as rig:
        rig.watch_status()
        rig.flows(300)
        first.stop(signal.SIGKILL)
        started = time.monotonic()
        rig.says("process_gone", seconds=15)
        took = "SELECT count(DISTINCT holder) FROM devices_writer WHERE lease_until > now()"
        wait_until(lambda: _holds_both(plant, second.pid), "the other to take over", 20)
        rig.recovered = time.monotonic() - started
        assert rig.recovered < 10 * PATIENCE
        assert plant.sql(took) == [(1,)]
        rig.is_well()


def _holds_both(plant: Plant, pid: int) -> bool:
    holders = plant.sql("SELECT holder FROM devices_writer WHERE lease_until > now()")
    return len(holders) == 2 and all(f"-{pid}-" in holder for (holder,) in holders)


def test_frozen_and_woken_after_take_over(plant: Plant, report: Report) -> None:
    frozen = plant.worker()
    plant.worker(state="idle")
    with under_load(plant, "sigstop-sigcont", report) as rig:
        rig.watch_status()
        rig.flows(200)
        frozen.send(signal.SIGSTOP)
        rig.recovers(30)
        rig.says("process_gone")
        rig.flows(200)
        frozen.send(signal.SIGCONT)
        rig.flows(400)
        assert frozen.returncode is None, frozen.text()


def test_a_long_queue_while_no_worker_runs(plant: Plant, report: Report) -> None:
    """The broker keeps it; the worker drains it in bounded memory."""
    count = short_or_long(20_000, 200_000)
    plant.worker().stop()
    Load(plant.broker.port, count).wait()
    started = time.monotonic()
    worker = plant.worker(wait=False)
    peak = 0
    while plant.count() < 3 * count:
        peak = max(peak, rss(worker.pid))
        assert time.monotonic() - started < 300, plant.count()
        time.sleep(0.2)
    line = {
        "sent": count,
        "acknowledged": count,
        "stored": plant.count() // 3,
        "lost": max(0, count - plant.count() // 3),
        "twice": max(0, plant.count() // 3 - count),
        "redelivered": worker.redelivered(),
        "recovered_s": round(time.monotonic() - started, 1),
        "peak_mb": round(peak / 1e6),
    }
    report("queued-without-worker", line, set())
    assert plant.count() == 3 * count
    assert peak < 250e6


def test_clock_jumps_of_the_workers_host(plant: Plant, tmp_path: Path, report: Report) -> None:
    """Forwards and backwards by an hour: nothing is lost, nothing stored twice."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        raise MissingServiceError("libfaketime is missing: apt-get install libfaketime")
    stamp = tmp_path / "clock"
    stamp.write_text("+0")
    fake = {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    plant.worker(**fake)
    with under_load(plant, "clock-jumps", report) as rig:
        rig.watch_status()
        rig.flows(200)
        for jump in ("+3600", "-3600", "+0"):
            stamp.with_suffix(".new").write_text(jump)
            stamp.with_suffix(".new").replace(stamp)
            rig.recovers()
            rig.flows(300)
            if jump != "+0":
                rig.says("clock_jump", seconds=15)
        rig.is_well()


def test_a_worker_of_the_last_release_beside_one_of_this(
    plant: Plant, tmp_path: Path, report: Report
) -> None:
    """The tables are already new while old workers still run: they must get along."""
    try:
        python = check_out(LAST_RELEASE, tmp_path)
    except NoHistoryError as error:
        pytest.skip(str(error))
    # As the migration leaves them in a database that has been used.
    plant.sql(
        'INSERT INTO mqtt_ingest_installation (id, client_id, "group") '
        "VALUES (1, 'iotbridge', 'iotbridge') ON CONFLICT (id) DO UPDATE "
        'SET client_id = EXCLUDED.client_id, "group" = EXCLUDED."group" RETURNING id'
    )
    port = str(free_port())
    old = plant.start(
        "old",
        [str(python), "manage.py", "runworker", "mqtt-ingest"],
        folder=tmp_path,
        WORKER_HTTP_PORT=port,
        **TWO_SLOTS,
    )
    # An update: the old ones are there, and share, before a new one comes.
    zero = "SELECT filters::text FROM devices_writer WHERE name = 'ingest-0'"
    wait_until(lambda: "$share/" in str(plant.sql(zero)), "the old one to subscribe", 40)
    plant.worker(wait=False, **TWO_SLOTS)
    wait_until(lambda: _both_hold(plant), "old and new to hold a slot each", 40)
    with under_load(plant, "old-beside-new", report) as rig:
        rig.watch_status()
        rig.flows(500)
        rig.status()
        assert old.returncode is None, old.text()
        assert "Traceback" not in old.text()
        old.send(signal.SIGKILL)
        rig.recovers()
    shares = plant.sql(
        "SELECT packets FROM devices_writer WHERE name LIKE 'ingest-%' ORDER BY name"
    )
    assert all(share > 50 for (share,) in shares), shares


def _both_hold(plant: Plant) -> bool:
    rows = plant.sql(
        "SELECT count(DISTINCT holder) FROM devices_writer "
        "WHERE lease_until > now() AND filters::text <> '[]'"
    )
    return rows == [(2,)]
