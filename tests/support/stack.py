"""The production processes, started as an operator starts them, on real services."""

import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from paho.mqtt.enums import CallbackAPIVersion

from tests.support import services
from tests.support.services import ROOT, Service, free_port, wait_until

# The database that others are copies of.
MIGRATED = "migrated"
# One line for each broker: packets that came again.
REDELIVERED = "iotbridge_redelivered_total{"


def token_digest(token: str) -> str:
    """What `devices.access` keeps of a token; that needs Django to be set up."""
    return sha256(token.encode()).hexdigest()


class Process:
    """One of our processes, with its log."""

    def __init__(
        self, name: str, command: list[str], env: dict[str, str], folder: Path, root: Path = ROOT
    ) -> None:
        self.name = name
        self.http_port = int(env.get("WORKER_HTTP_PORT", "0"))
        self.log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as file:
            self._process = subprocess.Popen(
                command, env=env, cwd=root, stdout=file, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def redelivered(self) -> int:
        """Return how many redelivered packets this worker has taken in; 0 if it is gone."""
        if self.name != "worker" or self.returncode is not None:
            return 0
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        counts = [line.split()[-1] for line in lines if line.startswith(REDELIVERED)]
        assert counts, "the worker does not count redelivered packets"
        return sum(int(float(count)) for count in counts)

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def finish(self, seconds: float = 5) -> None:
        """Wait for an end that was asked for; then force it."""
        try:
            self._process.wait(timeout=seconds * services.PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """End the process and return its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
        try:
            return self._process.wait(timeout=seconds * services.PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()


def run_manage(env: dict[str, str], *arguments: str) -> str:
    """Run a management command and return what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Plant:
    """Mosquitto, Redis and PostgreSQL with one database, and our processes on them."""

    def __init__(
        self, broker: Service, layer: Service, database: Service, folder: Path, name: str
    ) -> None:
        self.broker, self.layer, self.database = broker, layer, database
        self.folder = folder
        self.name = name
        self.url = f"postgres://postgres@127.0.0.1:{database.port}/{name}"
        # Set by `use_sqlite`.
        self.file: Path | None = None
        self.processes: list[Process] = []
        self.webs: list[Process] = []
        self.web_port = 0
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("IOTBRIDGE_")},
            "SECRET_KEY": "only-for-tests-and-long-enough-to-be-a-key",
            "DATA_DIR": str(folder),
            "DATABASE_URL": self.url,
            "REDIS_URL": f"redis://127.0.0.1:{layer.port}/0",
            "MQTT_URL": f"mqtt://127.0.0.1:{broker.port}",
            "MQTT_REGISTRATION": "accept",
            # Whatever room this machine has.
            "DISK_BUDGET_MB": "1000000",
        }
        self.env.pop("DJANGO_SETTINGS_MODULE", None)

    @property
    def client_id(self) -> str:
        """What slots connect as, before their name."""
        return str(self.sql("SELECT client_id FROM mqtt_ingest_installation")[0][0])

    # --- processes ----------------------------------------------------------
    def manage(self, *arguments: str, **env: str) -> str:
        """Run a management command and return what it printed."""
        return run_manage({**self.env, **env}, *arguments)

    def start(self, name: str, command: list[str], folder: Path = ROOT, **env: str) -> Process:
        process = Process(name, command, {**self.env, **env}, self.folder, folder)
        self.processes.append(process)
        return process

    def worker(self, wait: bool = True, state: str = "up", **env: str) -> Process:
        """Start `runworker mqtt-ingest` with an HTTP port of its own; wait for `state`."""
        env = {"WORKER_HTTP_PORT": str(free_port()), **env}
        port = int(env["WORKER_HTTP_PORT"])
        command = [sys.executable, "manage.py", "runworker", "mqtt-ingest"]
        worker = self.start("worker", command, **env)
        if wait:
            wait_until(lambda: _is(worker, port, state), f"a worker that is {state}", 30)
        return worker

    def web(self, port: int = 0, wait: bool = True) -> Process:
        """Start Daphne."""
        self.web_port = port or self.web_port or free_port()
        daphne = Path(sys.executable).with_name("daphne")
        command = [str(daphne), "-p", str(self.web_port), "iotbridge.asgi:application"]
        web = self.start("web", command)
        self.webs.append(web)
        if wait:
            wait_until(lambda: services.listens(self.web_port), "the web process", 30)
        return web

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def stop(self) -> None:
        """End every process; in good order where it can, so that it writes its coverage."""
        for process in self.processes:
            process.send(signal.SIGTERM)
        for process in self.processes:
            process.finish()

    def use_sqlite(self) -> None:
        """Keep what follows in SQLite instead of PostgreSQL."""
        self.file = self.folder / "plant.sqlite3"
        self.env["DATABASE_URL"] = f"sqlite:///{self.file}"

    # --- looking ------------------------------------------------------------
    def sql(self, query: str) -> list[tuple[Any, ...]]:
        if self.file is not None:
            with closing(sqlite3.connect(self.file, timeout=30)) as file, file:
                return file.execute(query).fetchall()
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def count(self, table: str = "devices_reading") -> int:
        return int(self.sql(f"SELECT count(*) FROM {table}")[0][0])

    def client(self, **options: Any) -> mqtt.Client:
        """Return a connected paho client with its own thread."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, **options)
        client.max_inflight_messages_set(200)
        client.max_queued_messages_set(0)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        return client

    # Straight into the tables: the commands take seconds, and have tests of their own.
    def add_user(self, name: str = "admin", password: str = "secret-123") -> None:
        """Add a superuser."""
        encoded = PBKDF2PasswordHasher().encode(password, "salt", iterations=1_000)
        self.sql(
            "INSERT INTO auth_user (username, password, email, first_name, last_name, "
            "is_superuser, is_staff, is_active, date_joined) VALUES "
            f"('{name}', '{encoded}', '{name}@example.com', '', '', true, true, true, "
            "CURRENT_TIMESTAMP)"
        )

    def token(self, user: str = "admin") -> str:
        """Make an API token of a user."""
        token = secrets.token_urlsafe(16)
        self.sql(
            "INSERT INTO devices_apitoken (user_id, digest, note, created_at) "
            f"SELECT id, '{token_digest(token)}', '', CURRENT_TIMESTAMP FROM auth_user "
            f"WHERE username = '{user}'"
        )
        return token


def _is(worker: Process, port: int, state: str) -> bool:
    assert worker.returncode is None, worker.text()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return bool(json.load(answer)["state"] == state)
    except OSError:
        return False


@cache
def prepared() -> Path:
    """Return PostgreSQL's files with a database that is migrated; made once a run."""

    def fill(database: Service) -> None:
        address = f"postgres://postgres@127.0.0.1:{database.port}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {MIGRATED}")
        env = {**os.environ, "SECRET_KEY": "only-for-tests-and-long-enough-to-be-a-key"}
        env |= {"DATABASE_URL": f"{address}/{MIGRATED}", "REDIS_URL": "redis://127.0.0.1:1/0"}
        env.pop("DJANGO_SETTINGS_MODULE", None)
        run_manage(env, "migrate", "--verbosity", "0")

    return services.prepare(fill)


@contextmanager
def plant(
    broker: Service, layer: Service, database: Service, *, migrate: bool = True
) -> Iterator[Plant]:
    """A plant with a database of its own on running services, a PostgreSQL from `prepared`."""
    name = f"t{time.monotonic_ns()}"
    admin = f"postgres://postgres@127.0.0.1:{database.port}/postgres"
    template = MIGRATED if migrate else "template0"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    with services.folder("plant") as folder:
        made = Plant(broker, layer, database, folder, name)
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def whole_plant() -> Iterator[Plant]:
    """A plant with services of its own, for tests that stop them and for benchmarks."""
    with ExitStack() as stack:
        broker = stack.enter_context(services.mosquitto())
        layer = stack.enter_context(services.redis())
        database = stack.enter_context(services.postgresql(prepared=prepared()))
        yield stack.enter_context(plant(broker, layer, database))


def publish(
    made: Plant, packets: Iterator[tuple[str, str]] | list[tuple[str, str]], qos: int = 1
) -> int:
    """Publish all; return once the broker has acknowledged every one."""
    client = made.client()
    waiting = [client.publish(topic, payload, qos) for topic, payload in packets]
    for info in waiting:
        info.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    return len(waiting)
