"""`standalone`: web, ingest and broker in one process. `--demo` adds a simulated fleet."""

import errno
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from devices.addresses import in_url, is_anywhere, is_loopback
from devices.background import single_process
from devices.broker_addresses import parse
from iotbridge.shutdown import Ending
from iotbridge.standalone import own_broker
from mqtt_ingest import brokers


class Command(BaseCommand):
    """Everything in one process: SQLite, in-memory layer, embedded broker."""

    help = "Run pages, ingest and an embedded MQTT broker in one process."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--demo", action="store_true", help="add a simulated fleet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, make a login, and serve until SIGTERM."""
        self._claim()
        self._check_ports()
        if settings.MQTT_URL_GIVEN:
            brokers.check_files()
        else:
            self._check_broker()
        call_command("migrate", interactive=False, verbosity=0)
        login = _make_login()
        if options["demo"]:
            from iotbridge.demo.seed import seed

            seed()
        from iotbridge.standalone.server import OneProcess

        server = OneProcess(demo=options["demo"], on_ready=lambda: self._ready(login))
        self.stdout.write(f"Starting iotbridge {settings.VERSION} …")
        server.run()
        if server.failure is not None:
            Ending.status = 1
            sys.exit(f"iotbridge stopped: {server.failure}")
        self.stdout.write("Stopped; everything received is stored.")

    def _claim(self) -> None:
        try:
            single_process.claim(Path(settings.DATA_DIR), whole=connection.vendor == "sqlite")
        except single_process.AlreadyRunning as error:
            raise CommandError(
                f"iotbridge runs on {error} already. Stop it first, or give this one a folder of "
                "its own: DATA_DIR=/other/folder"
            ) from error

    def _check_broker(self) -> None:
        """Refuse a broker that nobody could use as it is set up."""
        if not settings.MQTT_PASSWORD and not is_loopback(settings.MQTT_BIND):
            raise CommandError(
                f"MQTT_BIND is {settings.MQTT_BIND}, but without MQTT_PASSWORD nobody from there "
                "is let in. Set one, for example MQTT_PASSWORD=$(openssl rand -hex 12), or use "
                "LAN=1, which makes one"
            )
        own_broker.tls()

    def _check_ports(self) -> None:
        ports = [("HTTP_PORT", settings.HTTP_BIND, settings.HTTP_PORT)]
        ports.append(("WORKER_HTTP_PORT", settings.WORKER_HTTP_BIND, settings.WORKER_HTTP_PORT))
        if not settings.MQTT_URL_GIVEN:
            ports.append(("MQTT_PORT", settings.MQTT_BIND, settings.MQTT_PORT))
            if settings.MQTT_TLS_CERT_FILE:
                ports.append(("MQTT_TLS_PORT", settings.MQTT_BIND, settings.MQTT_TLS_PORT))
        for name, bind, port in ports:
            problem, is_bind = _problem(bind, port)
            if is_bind:
                variable = name.replace("_TLS", "").replace("_PORT", "_BIND")
                raise CommandError(
                    f"{variable} is {bind!r}, which is no address of this machine: {problem}. "
                    f"Use one of its own, {variable}=127.0.0.1, or {variable}=0.0.0.0 for all"
                )
            if problem:
                raise CommandError(
                    f"{name} {port} cannot be opened on {bind}: {problem}. "
                    f"Choose another one, for example {name}={port + 1}"
                    + (
                        f", or use the broker there: MQTT_URL=mqtt://{in_url(bind)}:{port}"
                        if name == "MQTT_PORT"
                        else ""
                    )
                )

    def _ready(self, login: str) -> None:
        host = settings.HTTP_BIND
        lan = is_anywhere(host)
        host = in_url(_own_address() if lan else host)
        url = f"http://{host}:{settings.HTTP_PORT}/"
        self.stdout.write(f"Ready: {url}")
        self.stdout.write(login)
        if settings.MQTT_URL_GIVEN:
            self.stdout.write(f"MQTT: the broker at {parse(settings.MQTT_URL).text}")
        else:
            here = host if lan else in_url(settings.MQTT_BIND)
            self.stdout.write(f"MQTT: {here}:{settings.MQTT_PORT}")
        if lan:
            self.stdout.write(f"MQTT password (any user name): {settings.MQTT_PASSWORD}")
            self._show_code(url)
        self.stdout.flush()

    def _show_code(self, url: str) -> None:
        import segno

        segno.make(url).terminal(out=sys.stdout, compact=True)


def _problem(bind: str, port: int) -> tuple[str, bool]:
    """Return why nothing can listen there, and whether that is for the address."""
    with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            is_bind = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
            return error.strerror or str(error), is_bind
    return "", False


def _own_address() -> str:
    """Return this machine's address in the local network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _make_login() -> str:
    """Make an administrator where there is no user yet; return what to tell about it."""
    kept = Path(settings.DATA_DIR) / "first_login"
    users = get_user_model()._default_manager  # noqa: SLF001 - Django's own name for it
    if not users.exists():
        password = secrets.token_urlsafe(9)
        get_user_model().objects.create_superuser("admin", password=password)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
    if kept.is_file():
        password, admin = kept.read_text().strip(), users.filter(username="admin").first()
        if admin is not None and admin.check_password(password):
            return f"Login: admin / {password} (until you change it)"
        kept.unlink()
    return "Login: as you have set it"
