"""What `manage.py standalone` sets up before Django reads its settings.

It runs before `iotbridge.settings`, so it may import nothing of Django's.
"""

import os
import secrets
import socket
import stat
from pathlib import Path

import environ

from iotbridge.places import HOME

# What `standalone` keeps in DATA_DIR.
_OURS = ("*.sqlite3*", "secret_key*", "mqtt_password*", "first_login*", "retained.json*")


def prepare(arguments: list[str]) -> None:
    """Read `.env`, make DATA_DIR with its secret key, and choose what `--demo` chooses.

    Args:
        arguments: what follows `standalone` on the command line.

    A variable that the user has set always wins.
    """
    os.environ["IOTBRIDGE_STANDALONE"] = "1"
    _read_env()
    data_dir = Path(os.environ.get("DATA_DIR") or HOME / "var").resolve()
    close_to_others(data_dir)
    if not os.environ.get("SECRET_KEY") and not os.environ.get("SECRET_KEY_FILE"):
        kept_secret(data_dir / "secret_key", 50)
    if "--demo" in arguments:
        os.environ.setdefault("MQTT_REGISTRATION", "accept")
        _free_ports()
    if os.environ.get("LAN") == "1":
        _open_to_network(data_dir)


def close_to_others(data_dir: Path) -> None:
    """Make DATA_DIR the owner's alone, with all that is in it and comes into it.

    Whoever reads the database reads session keys, and is anybody.
    """
    os.umask(0o077)
    data_dir.mkdir(parents=True, exist_ok=True)
    ours = [path for name in _OURS for path in data_dir.glob(name)]
    # A folder that everybody may write into, such as /tmp, is somebody else's affair.
    folder = [] if data_dir.stat().st_mode & stat.S_ISVTX else [data_dir]
    for path in (*folder, *ours):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue  # of a process that has just ended
        is_mine = found.st_uid == os.getuid() and not stat.S_ISLNK(found.st_mode)
        if is_mine and found.st_mode & 0o077:
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)


def _read_env() -> None:
    """Read `.env` as the settings do, which come later: what is chosen here must know of it."""
    if (HOME / ".env").is_file():
        environ.Env.read_env(HOME / ".env")


def prepare_restore() -> None:
    """Let settings be read on a machine that has no data yet: the secret key is in the backup."""
    _read_env()
    data_dir = Path(os.environ.get("DATA_DIR") or HOME / "var").resolve()
    given = os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE")
    if not given and not (data_dir / "secret_key").is_file():
        os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)


def kept_secret(path: Path, length: int) -> str:
    """Return the secret in `path`, made at the first call, readable by its owner only."""
    if not path.is_file():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(length))
    return path.read_text().strip()


def _open_to_network(data_dir: Path) -> None:
    os.environ.setdefault("HTTP_BIND", "0.0.0.0")  # noqa: S104 - LAN=1 asks for it
    os.environ.setdefault("MQTT_BIND", "0.0.0.0")  # noqa: S104 - LAN=1 asks for it
    os.environ.setdefault("ALLOWED_HOSTS", "*")
    if not os.environ.get("MQTT_PASSWORD") and not os.environ.get("MQTT_PASSWORD_FILE"):
        os.environ["MQTT_PASSWORD"] = kept_secret(data_dir / "mqtt_password", 12)


def _free_ports() -> None:
    """Move the demo to the next free ports; a port the user named stays as it is."""
    for name, default in (("HTTP_PORT", 8000), ("MQTT_PORT", 1883), ("WORKER_HTTP_PORT", 9101)):
        if name == "MQTT_PORT" and os.environ.get("MQTT_URL"):
            continue
        if not os.environ.get(name):
            os.environ[name] = str(_next_free(default))


def _next_free(port: int) -> int:
    for candidate in range(port, port + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return candidate
    return port
