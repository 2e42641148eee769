"""Backups of a standalone installation: SQLite's file and what lies beside it.

A backup is a folder with `manifest.json`, which names every file with its size and
SHA-256: it is complete only when it has one. Restoring puts the database in place by one
rename, after everything else: whenever it is broken off, the old data or the new are there.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mqtt_ingest.embedded_broker.storage import NAME as BROKER_FILE

MANIFEST, DATABASE = "manifest.json", "db.sqlite3"
# What lies beside the database: without the secret key nobody stays logged in.
# `retained.json`: of an earlier release, until its broker was started once more.
BESIDE = ("secret_key", "mqtt_password", "retained.json", "first_login")
# Tables whose rows a backup counts.
COUNTED = ("devices_device", "devices_series", "devices_reading", "auth_user")
_PAGES, _BLOCK = 256, 1 << 20
OnProgress = Callable[[str, int, int], object]


class BadBackup(Exception):
    """It cannot be made, or must not be restored; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is."""

    version: str
    made_at: str
    # name -> {"size": bytes, "sha256": hex}
    files: dict[str, dict[str, Any]]
    # Applied migrations, as app.name.
    migrations: list[str]
    counts: dict[str, int]


def backup(database: Path, target: Path, version: str, on_progress: OnProgress) -> Manifest:
    """Copy a running installation to the folder `target`, verified.

    Args:
        database: SQLite's file; what lies beside it is copied too.
        target: a folder that does not exist yet.
        version: of the product.
        on_progress: called with what is done, how much, of how much.

    Raises:
        BadBackup: `target` exists, or the copy is not whole.
    """
    if target.exists():
        raise BadBackup(f"{target} exists already; name a folder that does not")
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    # The broker first: what leaves it meanwhile is in both rather than in neither.
    if (broker := database.parent / BROKER_FILE).is_file():
        _copy_database(broker, part / BROKER_FILE, on_progress)
    _copy_database(database, part / DATABASE, on_progress)
    for name in BESIDE:
        if (found := database.parent / name).is_file():
            shutil.copy2(found, part / name)
    migrations, counts = check(part / DATABASE)
    names = sorted(path.name for path in part.iterdir())
    files = {name: _described(part / name, on_progress) for name in names}
    made = Manifest(version, datetime.now(UTC).isoformat(), files, migrations, counts)
    _write(part / MANIFEST, json.dumps(_fields(made), indent=1).encode())
    part.replace(target)
    _sync(target.parent)
    return made


def _copy_database(source: Path, target: Path, on_progress: OnProgress) -> None:
    """Copy one snapshot, page by page, while others read and write."""
    with closing(sqlite3.connect(source, isolation_level=None)) as old:
        # Within a read transaction the copy never begins anew, however much is written.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as new:
            old.backup(
                new,
                pages=_PAGES,
                progress=lambda _status, left, total: on_progress("copy", total - left, total),
            )
            new.execute("PRAGMA journal_mode = DELETE")
        old.execute("ROLLBACK")
    _sync(target)


def check(database: Path) -> tuple[list[str], dict[str, int]]:
    """Return migrations and counted rows of a database that is whole.

    Raises:
        BadBackup: it is damaged, or not one of ours.
    """
    try:
        with closing(
            sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
            if found != "ok":
                raise BadBackup(f"{database} is damaged: {found}")
            rows = copy.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
            migrations = [name for (name,) in rows]
            counts = {
                table: int(copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
                for table in COUNTED
            }
    except sqlite3.Error as error:
        raise BadBackup(f"{database} is not a database of iotbridge: {error}") from error
    return migrations, counts


def read(folder: Path) -> Manifest:
    """Return what a backup says of itself.

    Raises:
        BadBackup: there is none there, or it was not finished.
    """
    try:
        return Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BadBackup(f"{folder} is no finished backup: {MANIFEST}: {error}") from error


def verify(folder: Path, known: set[str], on_progress: OnProgress) -> Manifest:
    """Check every byte of a backup.

    Args:
        folder: the backup.
        known: the migrations of this release.
        on_progress: as with `backup`.

    Raises:
        BadBackup: names the file that is wrong, or the release that is missing.
    """
    made = read(folder)
    for name, told in made.files.items():
        if Path(name).name != name:
            raise BadBackup(f"{name!r} is no name of a file of a backup")
        if not (folder / name).is_file():
            raise BadBackup(f"{folder / name} is missing")
        found = _described(folder / name, on_progress)
        if found != told:
            raise BadBackup(f"{folder / name} is not what was backed up (size or SHA-256)")
    if newer := sorted(set(made.migrations) - known):
        raise BadBackup(
            f"the backup was made by a newer release ({made.version}; {newer[0]} is unknown "
            "here): install that one first"
        )
    check(folder / DATABASE)
    return made


def restore(folder: Path, made: Manifest, database: Path, on_progress: OnProgress) -> Path | None:
    """Put a verified backup in place; return where the old database is kept, if there was one.

    Nobody may use the database meanwhile. Broken off, it can be run again.
    """
    data = database.parent
    coming = data / "restoring"
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(parents=True, mode=0o700)
    for name, told in made.files.items():
        _copy(folder / name, coming / name, on_progress)
        if _described(coming / name, on_progress) != told:
            raise BadBackup(f"{name} could not be copied as it is; is the disk sound?")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = _put_aside(database, stamp)
    _put_aside(data / BROKER_FILE, stamp)
    for name in made.files:
        if name != DATABASE:
            if name != BROKER_FILE:
                _keep(data / name, stamp)
            (coming / name).replace(data / name)
    for name in {BROKER_FILE, "retained.json"} - set(made.files):
        _keep(data / name, stamp)
        (data / name).unlink(missing_ok=True)
    # The one moment in which the old data become the new.
    (coming / DATABASE).replace(database)
    _sync(data)
    shutil.rmtree(coming, ignore_errors=True)
    return kept


def _put_aside(database: Path, stamp: str) -> Path | None:
    """Keep the old database under another name, its log folded in; it stays in place too."""
    if not database.is_file():
        return None
    with closing(sqlite3.connect(database, isolation_level=None)) as old:
        busy = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise BadBackup(f"{database} is in use; stop the process that uses it")
    for suffix in ("-wal", "-shm"):
        database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)
    return _keep(database, stamp)


def _keep(path: Path, stamp: str) -> Path | None:
    """Give a file that is there a second name, under which it stays."""
    if not path.is_file():
        return None
    kept = path.with_name(f"{path.name}.before-{stamp}")
    kept.unlink(missing_ok=True)
    os.link(path, kept)
    return kept


def _copy(source: Path, target: Path, on_progress: OnProgress) -> None:
    size = source.stat().st_size
    with source.open("rb") as old, target.open("wb") as new:
        while block := old.read(_BLOCK):
            new.write(block)
            on_progress("copy", new.tell(), size)
    target.chmod(source.stat().st_mode & 0o777)
    _sync(target)


def _described(path: Path, on_progress: OnProgress) -> dict[str, Any]:
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            on_progress("verify", done, size)
    return {"size": size, "sha256": digest.hexdigest()}


def _fields(made: Manifest) -> dict[str, Any]:
    return {name: getattr(made, name) for name in Manifest.__dataclass_fields__}


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    _sync(path)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
