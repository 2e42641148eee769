"""One `manage.py standalone` in a folder of its own; fault tests use it as a plant."""

import os
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.services import free_port, wait_until
from tests.support.stack import Process, run_manage

KEEP = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG")


@dataclass
class Broker:
    """The embedded broker's port."""

    port: int


class Standalone:
    """One `manage.py standalone` with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http, self.mqtt, self.worker = free_port(), free_port(), free_port()
        self.process: Process | None = None
        self.processes: list[Process] = []
        self.broker = Broker(self.mqtt)
        self.env: dict[str, str] = {}
        # How many files the process may have open; 0: as many as this one.
        self.descriptors = 0

    def start(self, *arguments: str, **env: str) -> str:
        """Start it, wait for Ready, and return what it printed."""
        keep = {key: os.environ[key] for key in KEEP if key in os.environ}
        ports = {
            "HTTP_PORT": str(self.http),
            "MQTT_PORT": str(self.mqtt),
            "WORKER_HTTP_PORT": str(self.worker),
            # Whatever room this machine has.
            "DISK_BUDGET_MB": "1000000",
        }
        command = [sys.executable, "manage.py", "standalone", *arguments]
        if self.descriptors:
            command = ["prlimit", f"--nofile={self.descriptors}", *command]
        env = {**keep, **ports, "DATA_DIR": str(self.folder), **env}
        self.env = env
        process = self.process = Process("worker", command, env, self.folder)
        self.processes.append(process)

        def ready() -> bool:
            assert process.returncode is None, process.text()
            return "Ready: " in process.text() and "MQTT: " in process.text()

        wait_until(ready, "Ready", 60)
        return process.text()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        return self.process.stop(number)

    def client(self, name: str = "", **options: object) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, **options)  # type: ignore[arg-type]
        client.connect("127.0.0.1", self.mqtt)
        client.loop_start()
        return client

    # --- as a plant -------------------------------------------------------------
    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return self.rows(query)

    def count(self, table: str = "devices_reading") -> int:
        return int(self.sql(f"SELECT count(*) FROM {table}")[0][0])

    def add_user(self, name: str = "boss") -> None:
        self.manage(
            *("createsuperuser", "--noinput", "--username", name, "--email", "b@example.com"),
            DJANGO_SUPERUSER_PASSWORD="secret-123",
        )

    def token(self, user: str = "boss") -> str:
        return self.manage("create_token", user).strip()

    def manage(self, *arguments: str, **env: str) -> str:
        return run_manage({**self.env, "IOTBRIDGE_STANDALONE": "1", **env}, *arguments)

    def rows(self, sql: str = "SELECT count(*) FROM devices_reading") -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=30)) as database:
            return database.execute(sql).fetchall()
