"""Backups of a running installation, and what restoring does to the one that is there."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from iotbridge.standalone import backup
from iotbridge.standalone.backup import BadBackup
from tests.support.stack import ROOT, run_manage
from tests.support.standalone_stack import KEEP, Standalone

pytestmark = pytest.mark.process
ROWS = 60_000
KEY = "the key of this installation, as long as keys are"


def nothing(*_progress: object) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with some readings; tests work on copies."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "secret_key").write_text(KEY)
    (folder / "secret_key").chmod(0o600)
    run_manage(env(folder), "migrate", "--verbosity", "0")
    with closing(sqlite3.connect(folder / "db.sqlite3")) as file, file:
        rows = [(1, n, float(n), None) for n in range(ROWS)]
        file.executemany("INSERT INTO devices_reading VALUES (?, ?, ?, ?)", rows)
    return folder


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Path:
    """An installation with some readings."""
    return Path(shutil.copytree(filled, tmp_path / "data"))


def env(folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in KEEP if key in os.environ}
    return {**kept, "DATA_DIR": str(folder)}


def readings(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "db.sqlite3")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(file.execute("SELECT count(*) FROM devices_reading").fetchone()[0])


@pytest.fixture
def writer(data: Path) -> Iterator[None]:
    """Somebody who stores without a rest, as a worker does."""
    stopping = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(data / "db.sqlite3", timeout=30)) as file:
            number = ROWS
            while not stopping.is_set():
                with file:
                    # Always two together: a copy in between would have an odd number.
                    rows = [(2, number + n, 1.0, None) for n in range(2)]
                    file.executemany("INSERT INTO devices_reading VALUES (?, ?, ?, ?)", rows)
                number += 2

    thread = threading.Thread(target=write)
    thread.start()
    yield
    stopping.set()
    thread.join()


@pytest.mark.usefixtures("writer")
def test_a_backup_is_one_moment_of_a_running_installation(data: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    target = tmp_path / "copy"
    made = backup.backup(
        data / "db.sqlite3", target, "1.2.3", lambda what, *_numbers: seen.append(what)
    )
    assert readings(target) % 2 == 0
    assert readings(target) >= ROWS
    assert made.counts["devices_reading"] == readings(target)
    assert set(made.files) == {"db.sqlite3", "secret_key"}
    assert seen.count("copy") > 1
    assert (target / "secret_key").stat().st_mode & 0o777 == 0o600
    assert backup.verify(target, set(made.migrations), nothing) == made


def test_the_commands_bring_everything_back(data: Path, tmp_path: Path) -> None:
    target, fresh = tmp_path / "copy", tmp_path / "fresh"
    assert "verified" in run_manage(env(data), "backup", str(target))
    told = run_manage(env(fresh), "restore", str(target))
    assert f"{ROWS} devices_reading" in told
    assert readings(fresh) == ROWS
    assert (fresh / "secret_key").read_text() == KEY
    # Over an installation that is there: it is kept.
    with closing(sqlite3.connect(fresh / "db.sqlite3")) as file, file:
        file.execute("DELETE FROM devices_reading WHERE ts < 10")
    told = run_manage(env(fresh), "restore", str(target))
    assert readings(fresh) == ROWS
    (kept,) = fresh.glob("db.sqlite3.before-*")
    assert str(kept) in told
    with closing(sqlite3.connect(kept)) as file:
        assert file.execute("SELECT count(*) FROM devices_reading").fetchone() == (ROWS - 10,)


def kept_by_the_broker(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return [topic for (topic,) in file.execute("SELECT topic FROM retained")]


def retain(folder: Path, topic: str) -> None:
    """Have the broker of an installation keep `topic`, in its log alone, as after kill -9."""
    path, aside = folder / "broker.sqlite3", folder / "aside"
    aside.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE IF NOT EXISTS retained (topic TEXT)")
        file.execute("INSERT INTO retained VALUES (?)", [topic])
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", aside)
    for copied in aside.iterdir():
        copied.replace(folder / copied.name)
    aside.rmdir()


def test_what_the_broker_keeps_comes_back_and_what_it_has_is_put_aside(
    data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    retain(data, "old")
    made = backup.backup(data / "db.sqlite3", target, "1", nothing)
    assert kept_by_the_broker(target / "broker.sqlite3") == ["old"]
    retain(data, "new")
    (data / "retained.json").write_text("{}")
    backup.restore(target, made, data / "db.sqlite3", nothing)
    assert kept_by_the_broker(data / "broker.sqlite3") == ["old"]
    (aside,) = data.glob("broker.sqlite3.before-*")
    assert kept_by_the_broker(aside) == ["old", "new"]
    assert not (data / "retained.json").exists()


def test_a_backup_of_an_earlier_release_meets_no_newer_sessions(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    (data / "retained.json").write_text('{"a": ["eA==", 0]}')
    made = backup.backup(data / "db.sqlite3", target, "1", nothing)
    retain(data, "new")
    backup.restore(target, made, data / "db.sqlite3", nothing)
    assert not (data / "broker.sqlite3").exists()
    assert len(list(data.glob("broker.sqlite3.before-*"))) == 1
    assert (data / "retained.json").read_text() == '{"a": ["eA==", 0]}'


def test_a_backup_goes_nowhere_that_exists(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="exists already"):
        backup.backup(data / "db.sqlite3", tmp_path, "1", nothing)


@pytest.mark.parametrize("harm", ["flip", "cut", "missing", "unfinished", "foreign", "newer"])
def test_a_backup_that_is_not_whole_is_refused(data: Path, tmp_path: Path, harm: str) -> None:
    target = tmp_path / "copy"
    made = backup.backup(data / "db.sqlite3", target, "9.9", nothing)
    file, manifest = target / "db.sqlite3", target / "manifest.json"
    known = set(made.migrations)
    content = bytearray(file.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif harm == "cut":
        file.write_bytes(content[:-1])
    elif harm == "missing":
        file.unlink()
    elif harm == "unfinished":
        manifest.unlink()
    elif harm == "foreign":
        told = json.loads(manifest.read_text())
        told["files"]["../x"] = told["files"]["secret_key"]
        manifest.write_text(json.dumps(told))
    else:
        known.remove(made.migrations[-1])
    words = {
        "flip": "is not what was backed up",
        "cut": "is not what was backed up",
        "missing": "is missing",
        "unfinished": "no finished backup",
        "foreign": "no name of a file",
        "newer": "newer release",
    }
    with pytest.raises(BadBackup, match=words[harm]):
        backup.verify(target, known, nothing)
    if harm != "newer":
        with pytest.raises(AssertionError, match="Nothing was restored"):
            run_manage(env(data), "restore", str(target))
    assert readings(data) == ROWS


def test_nothing_is_restored_while_iotbridge_runs(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    backup.backup(data / "db.sqlite3", target, "1", nothing)
    with closing(sqlite3.connect(data / "db.sqlite3")) as file, file:
        file.execute(
            "INSERT INTO devices_process (id, kind, started_at, beat_at, state, info) "
            "VALUES ('w', 'ingest', datetime('now'), datetime('now', '+1 hour'), 'up', '{}')"
        )
    with pytest.raises(AssertionError, match="iotbridge runs"):
        run_manage(env(data), "restore", str(target))


def test_kill_9_leaves_the_old_data_or_the_new(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    backup.backup(data / "db.sqlite3", target, "1", nothing)
    with closing(sqlite3.connect(data / "db.sqlite3")) as file, file:
        file.execute("DELETE FROM devices_reading WHERE ts % 2")
    started = time.monotonic()
    _restore(target, data).wait()
    whole = time.monotonic() - started
    for number in range(8):
        with closing(sqlite3.connect(data / "db.sqlite3")) as file, file:
            file.execute("DELETE FROM devices_reading WHERE ts % 2")
        process = _restore(target, data)
        with_delay = whole * (0.3 + 0.1 * number)
        try:
            process.wait(with_delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert readings(data) in {ROWS, ROWS // 2}
    run_manage(env(data), "restore", str(target))
    assert readings(data) == ROWS
    assert not (data / "restoring").exists()


def _restore(target: Path, data: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "manage.py", "restore", str(target)]
    return subprocess.Popen(
        command, cwd=ROOT, env=env(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_nothing_is_restored_underneath_a_frozen_process(
    filled: Path, standalone: Standalone
) -> None:
    """Thawed, it would acknowledge what it stores into a file that is no more."""
    copy = standalone.folder / "copy"
    run_manage(env(filled), "backup", str(copy))
    standalone.start()
    assert standalone.process is not None
    standalone.process.send(signal.SIGSTOP)
    try:
        # Whatever its heartbeat tells: the lock is looked at first.
        done = subprocess.run(
            [sys.executable, "manage.py", "restore", str(copy)],
            env=env(standalone.folder),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        standalone.process.send(signal.SIGCONT)
    assert done.returncode == 1
    assert "perhaps frozen; stop it first" in done.stderr
