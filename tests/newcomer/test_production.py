"""The production lock in an environment of its own: it runs what an operator runs."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import stack as plants
from tests.support.services import Service, free_port, listens, wait_until
from tests.support.stack import Plant, publish

INSTALL_SECONDS = 600


@pytest.fixture
def empty_plant(
    mosquitto_service: Service, redis_service: Service, postgresql_service: Service
) -> Iterator[Plant]:
    with plants.plant(mosquitto_service, redis_service, postgresql_service, migrate=False) as made:
        yield made


@pytest.mark.timeout(INSTALL_SECONDS)
def test_the_production_lock_runs_migrate_pages_and_worker(
    clone: Path, bare: dict[str, str], empty_plant: Plant
) -> None:
    venv = clone / ".venv"
    subprocess.run([sys.executable, "-m", "venv", venv], env=bare, check=True)
    pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes"]
    subprocess.run([*pip, "-r", clone / "requirements-production.txt"], env=bare, check=True)
    settings = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "MQTT_URL", "MQTT_REGISTRATION")
    made = empty_plant
    made.env = {**bare, **{name: made.env[name] for name in settings}}
    python, port = str(venv / "bin/python"), free_port()
    migrate = [python, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=clone, env=made.env, check=True)
    made.add_user()
    web = [str(venv / "bin/daphne"), "-p", str(port), "iotbridge.asgi:application"]
    made.start("web", web, clone)
    worker = [python, "manage.py", "runworker", "mqtt-ingest"]
    made.start("worker", worker, clone, WORKER_HTTP_PORT=str(free_port()))
    check = [python, "manage.py", "status", "--check"]
    wait_until(
        lambda: subprocess.run(check, cwd=clone, env=made.env, check=False).returncode == 0,
        "a healthy status",
        60,
    )
    publish(made, [("devices/press-1/telemetry", '{"temperature": 81.4}')])
    wait_until(lambda: listens(port), "the pages", 60)
    wait_until(lambda: made.count() == 1, "the reading", 60)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/devices/press-1/readings?metric=temperature",
        headers={"Authorization": f"Bearer {made.token()}"},
    )
    answer = json.load(urllib.request.urlopen(request))
    assert answer["series"][0]["value"] == [81.4]
