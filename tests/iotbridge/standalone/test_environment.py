"""What `standalone` does before Django reads its settings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotbridge.standalone.environment import close_to_others


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_data_is_the_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    close_to_others(folder)
    assert mode(folder) == 0o700
    (folder / "db.sqlite3").touch()
    assert mode(folder / "db.sqlite3") == 0o600


def test_what_was_open_is_closed_and_nothing_else_is_touched(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ours = [tmp_path / name for name in ("db.sqlite3", "db.sqlite3-wal", "secret_key")]
    other, target = tmp_path / "notes.txt", tmp_path / "elsewhere"
    for path in (*ours, other, target):
        path.touch(0o644)
    (tmp_path / "broker.sqlite3").symlink_to(target)
    close_to_others(tmp_path)
    assert [mode(path) for path in ours] == [0o600] * 3
    assert (mode(tmp_path), mode(other), mode(target)) == (0o700, 0o644, 0o644)


def test_a_folder_that_is_everybody_s_stays_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "db.sqlite3").touch(0o644)
    close_to_others(tmp_path)
    assert (mode(tmp_path), mode(tmp_path / "db.sqlite3")) == (0o1777, 0o600)
    tmp_path.chmod(0o700)
