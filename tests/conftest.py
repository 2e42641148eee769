"""Fixtures only; what they use is in tests/support."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from devices.models import Process, Source
from devices.rollups.levels import LEVELS
from tests.support import services
from tests.support import stack as plants
from tests.support.services import Service
from tests.support.stack import Plant
from tests.support.standalone_stack import Standalone

# Run by `make newcomer`: each installs a lock into an environment of its own.
collect_ignore = [] if os.environ.get("NEWCOMER") else ["newcomer"]


@pytest.fixture(scope="session")
def redis_service() -> Iterator[Service]:
    with services.redis() as service:
        yield service


@pytest.fixture(scope="session")
def postgresql_service() -> Iterator[Service]:
    with services.postgresql(prepared=plants.prepared()) as service:
        yield service


@pytest.fixture
def mosquitto_service() -> Iterator[Service]:
    with services.mosquitto() as service:
        yield service


@pytest.fixture
def plant(
    mosquitto_service: Service, redis_service: Service, postgresql_service: Service
) -> Iterator[Plant]:
    """Real services with an empty, migrated database; no process of ours runs yet."""
    with plants.plant(mosquitto_service, redis_service, postgresql_service) as made:
        yield made


@pytest.fixture
def standalone() -> Iterator[Standalone]:
    """The one process with a folder of its own; not started yet."""
    with services.folder("standalone") as folder:
        made = Standalone(folder)
        yield made
        if made.process is not None:
            made.process.send(signal.SIGTERM)
            made.process.finish()


@pytest.fixture
def whole_plant() -> Iterator[Plant]:
    """The same with a Redis and a PostgreSQL of its own, which a test may stop."""
    with plants.whole_plant() as made:
        yield made


@pytest.fixture
def tables(transactional_db: None) -> Iterator[None]:
    """The real tables, with the native source; emptied afterwards."""
    Source.objects.get_or_create(name="native")
    yield
    # What no model manages Django does not empty.
    with connection.cursor() as cursor:
        for table in ("devices_reading", *(level.table for level in LEVELS)):
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture
def ingest_up(tables: None) -> Process:
    """A worker that holds its slot and is subscribed, for as long as a test lasts."""
    slot = {"state": "subscribed", "detail": "", "since": 0.0, "database": "", "canary": "proven"}
    now = timezone.now()
    return Process.objects.create(
        id="worker", kind="ingest", state="up", started_at=now,
        beat_at=now + timedelta(hours=1), info={"slots": {"ingest-0": slot}},
    )  # fmt: skip
