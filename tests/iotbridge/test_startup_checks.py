"""Starting with something wrong: a clear message, and recovery by itself where possible."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.services import ROOT, free_port, wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.process


def run(*command: str, **env: str) -> tuple[int, str]:
    """Run one of our processes that is expected to end by itself."""
    clean = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    clean |= {"DATA_DIR": os.environ["DATA_DIR"], "SECRET_KEY": "x" * 32, **env}
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        env=clean, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"SECRET_KEY": ""}, ["SECRET_KEY is not set", "SECRET_KEY=$("]),
        ({"SECRET_KEY": "x" * 31}, ["SECRET_KEY has 31 characters", "SECRET_KEY=$("]),
        ({"MQTT_SLOTS": "two"}, ["MQTT_SLOTS is 'two'", "MQTT_SLOTS=1"]),
        ({"MQTT_URL": "http://x"}, ["MQTT_URL", "mqtt://127.0.0.1:1883"]),
        ({"MQTT_URL": "mqtt://x:99999"}, ["MQTT_URL", "mqtt://127.0.0.1:1883"]),
        ({"REDIS_URL": "127.0.0.1"}, ["REDIS_URL", "redis://127.0.0.1:6379/0"]),
        ({"DATABASE_URL": "mysql://x"}, ["DATABASE_URL", "postgres://"]),
        ({"MQTT_REGISTRATION": "maybe"}, ["MQTT_REGISTRATION", "accept, pending, reject"]),
        ({"DEBUG": "perhaps"}, ["DEBUG=1 or DEBUG=0"]),
        ({"SECRET_KEY_FILE": "/nowhere"}, ["SECRET_KEY_FILE", "/nowhere"]),
        ({"MQTT_CERT_FILE": __file__}, ["MQTT_KEY_FILE"]),
        ({"DATA_DIR": "/proc/x"}, ["DATA_DIR", "/proc/x", "DATA_DIR=/var/lib/iotbridge"]),
        ({"EXTRA_APPS": "nope"}, ["EXTRA_APPS", "'nope'"]),
        ({"SECRET_KEY_FILE": "/dev/null"}, ["SECRET_KEY_FILE", "is empty"]),
        ({"HTTP_BIND": "127.0.0.1:8000"}, ["HTTP_BIND", "without a port"]),
        ({"WORKER_HTTP_BIND": "300.1.1.1"}, ["WORKER_HTTP_BIND", "WORKER_HTTP_BIND=::1"]),
        ({"DATABASE_URL": "postgres://u:p@ss/w#1@h/d"}, ["DATABASE_URL", "# as %23", "/ as %2F"]),
        ({"DATABASE_URL": "postgres://u:p@h:54x/d"}, ["DATABASE_URL", "54x"]),
        ({"MQTT_URL": "mqtt://u:p/w?@h"}, ["MQTT_URL", "/ as %2F", "? as %3F"]),
        ({"MQTT_URL": "mqtt://u:50%@h"}, ["MQTT_URL", "% as %25"]),
        ({"REDIS_URL": "redis://:a#b@h"}, ["REDIS_URL", "# as %23"]),
    ],
)
def test_a_wrong_setting_names_itself_and_shows_a_right_value(
    env: dict[str, str], words: list[str]
) -> None:
    status, printed = run("check", **env)
    assert status != 0
    assert "Traceback" not in printed
    for word in words:
        assert word in printed


def test_the_worker_needs_redis_and_says_so() -> None:
    status, printed = run("runworker", "mqtt-ingest")
    assert status != 0
    assert "REDIS_URL=redis://127.0.0.1:6379/0" in printed
    assert "Traceback" not in printed


def test_standalone_names_a_port_that_is_taken() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, printed = run("standalone", HTTP_PORT=port)
    assert status != 0
    assert f"HTTP_PORT {port} cannot be opened" in printed


@pytest.mark.parametrize(
    "command",
    [["runworker", "mqtt-ingest"], ["status"], ["create_token", "me"], ["retention", "--dry-run"]],
)
def test_before_migrate_commands_say_so(tmp_path: Path, command: list[str]) -> None:
    status, printed = run(*command, DATA_DIR=str(tmp_path), REDIS_URL="redis://127.0.0.1:1/0")
    assert status != 0
    assert "python manage.py migrate" in printed
    assert "Traceback" not in printed


def test_a_database_that_is_away_ends_a_command_in_a_line() -> None:
    status, printed = run(
        "create_token", "me", DATABASE_URL=f"postgres://u:p@127.0.0.1:{free_port()}/x"
    )
    assert status != 0
    assert "cannot be used now" in printed
    assert "Traceback" not in printed


def test_a_certificate_that_is_not_there_is_named() -> None:
    env = {"REDIS_URL": "redis://127.0.0.1:1/0", "MQTT_CA_FILE": "/no/such.pem"}
    status, printed = run("runworker", "mqtt-ingest", **env)
    assert status != 0
    for word in ("MQTT_CA_FILE", "/no/such.pem", "No such file"):
        assert word in printed
    assert "Traceback" not in printed
    assert "MQTT_CA_FILE" in run("check", **env)[1]


@pytest.mark.parametrize("name", ["MQTT_CA_FILE", "MQTT_CERT_FILE"])
def test_a_file_that_is_no_certificate_is_named(tmp_path: Path, name: str) -> None:
    env = {"MQTT_URL": "mqtts://127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1/0"}
    env |= {name: __file__, "DATA_DIR": str(tmp_path)}
    if name == "MQTT_CERT_FILE":
        env["MQTT_KEY_FILE"] = __file__
    status, printed = run("runworker", "mqtt-ingest", **env)
    assert status != 0
    assert f"{name}" in printed
    assert "PEM" in printed
    assert "Traceback" not in printed


@pytest.mark.services
def test_a_worker_waits_for_broker_and_database_and_recovers(whole_plant: Plant) -> None:
    plant = whole_plant
    plant.broker.stop()
    plant.database.stop()
    port = str(free_port())
    worker = plant.worker(wait=False, WORKER_HTTP_PORT=port)
    wait_until(lambda: "database: away" in worker.text(), "the worker to miss the database", 30)
    plant.database.start()
    wait_until(lambda: "unreachable" in worker.text(), "the worker to miss the broker", 30)
    assert f"127.0.0.1:{plant.broker.port}" in worker.text()
    plant.broker.start()
    wait_until(lambda: "subscribed" in worker.text(), "the worker to recover", 60)
    publish(plant, [("devices/a/telemetry", '{"t": 1}')])
    wait_until(lambda: plant.count() == 1, "a row")
    assert worker.returncode is None
    assert "Traceback" not in worker.text()


@pytest.mark.services
def test_two_workers_cannot_share_an_http_port(plant: Plant) -> None:
    port = str(free_port())
    plant.worker(WORKER_HTTP_PORT=port)
    second = plant.worker(wait=False, WORKER_HTTP_PORT=port)
    wait_until(lambda: second.returncode is not None, "the second worker to end", 30)
    assert second.returncode != 0
    assert f"WORKER_HTTP_PORT {port} cannot be opened" in second.text()


@pytest.mark.services
def test_a_source_that_cannot_be_used_stops_nothing_else(plant: Plant) -> None:
    for name, convention, filters in (("odd", "nonsense", "[]"), ("odder", "native", '["a/b#"]')):
        plant.sql(
            "INSERT INTO devices_source (name, convention, filters, registration, clock, shared, "
            f"enabled) VALUES ('{name}', '{convention}', '{filters}', '', 'sane', true, true)"
        )
    worker = plant.worker()
    publish(plant, [("devices/a/telemetry", '{"t": 1}')])
    wait_until(lambda: plant.count() == 1, "a row")
    status = plant.manage("status")
    assert "red: A source cannot be read as it is set up: odd: There is no convention" in status
    assert "red: A source cannot be read as it is set up: odder: 'a/b#'" in status
    assert "Traceback" not in worker.text()

    # What people change is taken up at once: first how packets are read, then the filters.
    subscribed = "SELECT filters::text FROM devices_writer WHERE name = 'ingest-0'"
    plant.sql("UPDATE devices_source SET enabled = false WHERE name IN ('native', 'odd', 'odder')")
    wait_until(lambda: plant.sql(subscribed) == [("[]",)], "the filters to go")
    plant.sql("UPDATE devices_source SET enabled = true WHERE name = 'native'")
    wait_until(lambda: plant.sql(subscribed) != [("[]",)], "the filters to come")
    publish(plant, [("devices/a/telemetry", '{"t": 2}')])
    wait_until(lambda: plant.count() == 2, "another row")
    assert plant.count("mqtt_ingest_deadletter") == 0
