"""Whether this process alone works on the database, so that leases need not be prolonged.

`standalone` on SQLite does: it holds a lock on its folder. Leases that nobody can want
would wear out an SD card, written every few seconds for nothing. What is committed is
fenced as ever.
"""

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO, ClassVar

from django.conf import settings
from django.db import connection

FILE = "running.lock"


class AlreadyRunning(Exception):
    """Another process holds the folder."""


class _State:
    lock: IO[bytes] | None = None
    # What was begun since.
    begun: ClassVar[set[str]] = set()


def claim(folder: Path, *, whole: bool) -> None:
    """Hold `folder` until this process ends.

    Args:
        folder: DATA_DIR.
        whole: the database is a file that no other process of ours works on.

    Raises:
        AlreadyRunning: another process holds it.
    """
    lock = (folder / FILE).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise AlreadyRunning(str(folder)) from error
    _State.lock = lock if whole else None
    _State.begun.clear()
    _held.append(lock)


def share_file() -> None:
    """Hold DATA_DIR together with other processes, where the database is a file.

    A process that is frozen holds it too, so that nothing is put in the file's place
    underneath it. Within the process that has claimed the folder this does nothing.
    """
    if _held or connection.vendor != "sqlite":
        return
    folder = Path(settings.DATA_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / FILE).open("ab")
    with suppress(BlockingIOError):  # whoever claimed it works on the same database
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    _held.append(lock)


# Kept open: closing it would give the lock back.
_held: list[IO[bytes]] = []


def is_alone() -> bool:
    """Return whether no other process takes leases."""
    return _State.lock is not None


def begins_alone(name: str) -> bool:
    """Return whether this process is alone, and asks for `name` for the first time."""
    is_first = is_alone() and name not in _State.begun
    _State.begun.add(name)
    return is_first


def release() -> None:
    """Give the folder back; for tests."""
    _State.lock = None
    while _held:
        _held.pop().close()
