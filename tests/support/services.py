"""Real services on free loopback ports, started and stopped by fixtures and benchmarks."""

import atexit
import contextlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

# Slow machines set this; every wait is multiplied by it.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "2"))
# `make faults` runs PostgreSQL as it is shipped. Elsewhere it does not wait for the disk: no
# test cuts the power, and what a process has written the system keeps when it is killed.
DURABLE = os.environ.get("FAULTS") == "long"
ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "iotbridge" / "deploy"


class MissingServiceError(Exception):
    """A program that the tests need is not installed."""


# Below those that the system gives to connections; each process of a parallel run has its own.
_PORTS = 20_000 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_FIRST_PORT = 12_000 + _PORTS * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    for _ in range(_PORTS):
        port = random.randrange(_FIRST_PORT, _FIRST_PORT + _PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise MissingServiceError(f"no port from {_FIRST_PORT} on is free")


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    """Wait for `condition` to be true; fail saying `what` was waited for."""
    until = time.monotonic() + seconds * PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds * PATIENCE:.0f} s for {what}")
        time.sleep(0.02)


def find(program: str, package: str) -> str:
    """Return the path of `program`, also from where Debian hides PostgreSQL's."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = shutil.which(
        program,
        path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, places)]),
    )
    if path is None:
        raise MissingServiceError(f"{program} is missing: apt-get install {package}")
    return path


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether something accepts connections on `port`."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


class Service:
    """One process with a port, which can be stopped, killed, frozen and started again."""

    def __init__(self, name: str, command: list[str], port: int, **options: object) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._options,  # type: ignore[call-overload]
        )
        wait_until(self.answers, f"{self.name} on port {self.port}")

    def answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}")
        return listens(self.port) and self.is_ready()

    def is_ready(self) -> bool:
        return True

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(timeout=30)
        self._process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


class PostgreSQL(Service):
    """PostgreSQL takes connections before it serves them."""

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(f"postgres://postgres@127.0.0.1:{self.port}/postgres"):
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def folder(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """A temporary folder directly below /tmp: socket paths must be short."""
    path = Path(tempfile.mkdtemp(prefix=f"iotb-{prefix}-", dir=within))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def mosquitto(
    port: int = 0, more: str = "", passwords: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Mosquitto with the shipped configuration and `more`, its port and folder replaced.

    With `passwords` by user it asks for them, as it does where it is shipped; else for none.
    """
    program = find("mosquitto", "mosquitto")
    port = port or free_port()
    with folder("mosquitto") as path:
        shipped = (DEPLOY / "mosquitto.conf").read_text()
        if passwords is None:
            shipped = shipped.replace("allow_anonymous false", "allow_anonymous true")
            shipped = re.sub(r"(?m)^(password|acl)_file .*$", "", shipped)
        config = path / "mosquitto.conf"
        config.write_text(
            shipped.replace("listener 1883", f"listener {port} 127.0.0.1")
            .replace("/mosquitto/data/", f"{path}/")
            .replace("/tmp/passwords", str(path / "passwords"))
            .replace("/mosquitto/config/mosquitto.acl", str(path / "mosquitto.acl"))
            + ("user root\n" if os.geteuid() == 0 else "")
            + more
        )
        shutil.copy(DEPLOY / "mosquitto.acl", path)
        (path / "mosquitto.acl").chmod(0o600)
        for number, (user, password) in enumerate((passwords or {}).items()):
            tool = [find("mosquitto_passwd", "mosquitto"), "-b", *(["-c"] if not number else [])]
            subprocess.run([*tool, str(path / "passwords"), user, password], check=True)
        service = Service("Mosquitto", [program, "-c", str(config)], port)
        service.start()
        try:
            yield service
        finally:
            service.stop()


@contextmanager
def redis(port: int = 0) -> Iterator[Service]:
    """Redis without persistence."""
    program = find("redis-server", "redis-server")
    port = port or free_port()
    with folder("redis") as path:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        service = Service("Redis", command, port, cwd=path)
        service.start()
        try:
            yield service
        finally:
            service.stop()


@contextmanager
def postgresql(
    port: int = 0, within: Path | None = None, prepared: Path | None = None
) -> Iterator[Service]:
    """PostgreSQL with the shipped configuration; user postgres, no password.

    Its files lie in a folder of its own, or `within` one on another file system. They begin
    as a copy of `prepared` (see `prepare`), else empty.
    """
    server = find("postgres", "postgresql")
    port = port or free_port()
    with folder("postgresql", within) as path:
        options = _unprivileged(path)
        data = path / "data"
        if prepared is None:
            _initdb(data, options)
        else:
            subprocess.run(["cp", "-a", str(prepared), str(data)], check=True)
        shutil.copy(DEPLOY / "postgresql.conf", path / "postgresql.conf")
        command = [server, "-D", str(data), "-p", str(port), "-k", "/tmp"]
        command += ["-c", f"config_file={path / 'postgresql.conf'}"]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", f"data_directory={data}"]
        command += ["-c", f"hba_file={data / 'pg_hba.conf'}"]
        command += ["-c", f"ident_file={data / 'pg_ident.conf'}"]
        for name in () if DURABLE else ("fsync", "full_page_writes"):
            command += ["-c", f"{name}=off"]
        service = PostgreSQL("PostgreSQL", command, port, **options)
        service.start()
        try:
            yield service
        finally:
            service.stop(signal.SIGINT)


def _initdb(data: Path, options: dict[str, object]) -> None:
    initdb = find("initdb", "postgresql")
    subprocess.run(
        [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )


def base_backup(service: Service, target: Path) -> Path:
    """Copy a running PostgreSQL, as a standby begins that is not promoted yet."""
    command = [find("pg_basebackup", "postgresql"), "-h", "127.0.0.1", "-p", str(service.port)]
    command += ["-U", "postgres", "-D", str(target), "-X", "stream", "-c", "fast"]
    subprocess.run(command, check=True)
    (target / "standby.signal").touch()
    user = _unprivileged(target).get("user")
    if user is not None:
        subprocess.run(["chown", "-R", str(user), str(target)], check=True)
    return target


def prepare(fill: Callable[[Service], None]) -> Path:
    """Return the files of a stopped PostgreSQL after `fill`; they go when this process ends."""
    kept = Path(tempfile.mkdtemp(prefix="iotb-prepared-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    with postgresql() as service:
        fill(service)
        url = f"postgres://postgres@127.0.0.1:{service.port}/postgres"
        with psycopg.connect(url) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        service.stop(signal.SIGINT)
        subprocess.run(["cp", "-a", row[0], str(kept / "data")], check=True)
    return kept / "data"


def _unprivileged(path: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root: give its folder and process to another user."""
    if os.geteuid() != 0:
        return {}
    user = next(
        name for name in ("postgres", "nobody") if any(p.pw_name == name for p in pwd.getpwall())
    )
    os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    return {"user": user, "cwd": path}
