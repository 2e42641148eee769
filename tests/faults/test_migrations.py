"""Migrations, killed at one statement after the other, and finished all the same."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.load_harness import short_or_long
from tests.support.services import ROOT, Service

pytestmark = [pytest.mark.services, pytest.mark.timeout(1_800)]


def migrate(url: str, step: int) -> int:
    """Migrate what `url` leads to, killed at each `step`th statement; return how often."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_migrations", str(step)],
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[-1])


def test_on_sqlite(tmp_path: Path) -> None:
    def schema(name: str) -> list[Any]:
        with closing(sqlite3.connect(tmp_path / name)) as file:
            found = file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
            return [*found, file.execute("SELECT app, name FROM django_migrations").fetchall()]

    migrate(f"sqlite:///{tmp_path}/whole", 10_000)
    kills = migrate(f"sqlite:///{tmp_path}/broken", short_or_long(17, 1))
    assert kills > 15
    assert schema("broken") == schema("whole")


COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default "
    "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
)
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
)


def test_on_postgresql(postgresql_service: Service) -> None:
    server = f"postgres://postgres@127.0.0.1:{postgresql_service.port}"

    def schema(name: str) -> list[Any]:
        with psycopg.connect(f"{server}/{name}") as link:
            return [link.execute(query).fetchall() for query in (COLUMNS, INDEXES, CONSTRAINTS)]

    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        for name in ("whole_migrated", "broken_migrated"):
            link.execute(f"DROP DATABASE IF EXISTS {name}")
            link.execute(f"CREATE DATABASE {name}")
    migrate(f"{server}/whole_migrated", 10_000)
    kills = migrate(f"{server}/broken_migrated", short_or_long(17, 1))
    assert kills > 15
    assert schema("broken_migrated") == schema("whole_migrated")
