"""A process that is alone prolongs no leases, and commits fenced as ever."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.background import leases, single_process
from devices.storage import dialects
from devices.storage import leases as storage_leases
from mqtt_ingest.core.errors import SlotLost
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.mqtt_ingest.storing.test_slot_writer import entry, store

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    single_process.release()


def writes(captured: CaptureQueriesContext) -> list[str]:
    return [q["sql"] for q in captured.captured_queries if not q["sql"].startswith("SELECT")]


def test_a_folder_is_held_once(folder: Path) -> None:
    single_process.claim(folder, whole=True)
    assert single_process.is_alone()
    with pytest.raises(single_process.AlreadyRunning):
        single_process.claim(folder, whole=True)


def test_workers_on_a_file_hold_the_folder_together(folder: Path, settings: Any) -> None:
    settings.DATA_DIR = folder
    with (folder / single_process.FILE).open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        single_process.share_file()
        single_process.release()
        if connection.vendor == "sqlite":
            # What is put in the file's place waits for all of them.
            with pytest.raises(single_process.AlreadyRunning):
                single_process.claim(folder, whole=False)
    single_process.share_file()
    assert bool(single_process._held) == (connection.vendor == "sqlite")


def test_on_a_database_of_many_nobody_is_alone(folder: Path) -> None:
    single_process.claim(folder, whole=False)
    assert not single_process.is_alone()


def test_leases_are_taken_at_once_and_not_prolonged(folder: Path) -> None:
    dialect = dialects.dialect()
    assert storage_leases.acquire("ingest-0", "killed", dialect) == 1
    assert leases.acquire("rollups", "killed") == 1
    single_process.claim(folder, whole=True)
    assert storage_leases.acquire("ingest-0", "me", dialect) == 2
    assert leases.acquire("rollups", "me") == 2
    with CaptureQueriesContext(connection) as captured:
        assert storage_leases.renew("ingest-0", 2, dialect)
        assert leases.acquire("rollups", "me") == 2
        assert not storage_leases.renew("ingest-0", 1, dialect)
    assert writes(captured) == []


def test_an_import_from_the_command_line_has_its_lease(folder: Path) -> None:
    dialect = dialects.dialect()
    assert storage_leases.acquire("import", "somebody", dialect) == 1
    single_process.claim(folder, whole=True)
    assert storage_leases.acquire("import", "me", dialect) is None


def test_what_is_committed_is_fenced_as_ever(folder: Path) -> None:
    single_process.claim(folder, whole=True)
    dialect = dialects.dialect()
    writer = SlotWriter("ingest-0", dialect)
    writer.epoch = storage_leases.acquire("ingest-0", "me", dialect) or 0
    store(writer, entry({"t": 1}))
    storage_leases.acquire("ingest-0", "another", dialect)
    with pytest.raises(SlotLost):
        store(writer, entry({"t": 2}))
