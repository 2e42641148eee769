"""Fixtures, and what follows from them: marks, and the order in which files run."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import TransactionTestCase
from django.utils import timezone
from hypothesis import Phase
from hypothesis import settings as hypothesis
from pytest_django import DjangoDbBlocker

from devices.models import Process, Source
from devices.rollups import roller
from devices.storage import postgresql
from tests.support import database, services
from tests.support import stack as plants
from tests.support.services import Service
from tests.support.stack import Plant
from tests.support.standalone_stack import Standalone

# Run by targets of their own, see docs/contributing/tests.md: `make newcomer` installs each
# lock into an environment of its own, and a soak lasts.
collect_ignore = [name for name in ("newcomer", "soak") if not os.environ.get(name.upper())]

# Without `explain`, which traces every line: what fails is told in minutes, not in hours.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink]
hypothesis.register_profile("default", deadline=None, phases=PHASES, print_blob=True)
hypothesis.register_profile(
    "fast", deadline=None, phases=PHASES, max_examples=5, stateful_step_count=10
)
hypothesis.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# What `transactional_db` ends with; Django empties every table that a model manages, and makes
# permissions anew.
TransactionTestCase._fixture_teardown = lambda _case: database.empty()

# A mark follows from a fixture, so that none can be forgotten.
NEEDS = {
    "services": {
        *("plant", "whole_plant", "standalone"),
        *("mosquitto_service", "redis_service", "postgresql_service"),
    },
    "db": {"tables", "db", "transactional_db"},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs; files that wait for services begin first."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for mark, needed in NEEDS.items():
            if fixtures & needed:
                item.add_marker(mark)
        if item.get_closest_marker("django_db"):
            item.add_marker("db")
    slow = {item.path for item in items if _waits(item)}
    # The longest first. Within a file, and among files of a kind, the order stays.
    items.sort(key=lambda item: (item.path not in slow, item.path.parent.name != "faults"))


def _waits(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in ("services", "browser", "process"))


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


@pytest.fixture(scope="session", autouse=True)
def _patient_database() -> Iterator[None]:
    """Let a test that the machine stops for seconds, within a transaction, keep its connection.

    Processes of the product that a test starts have their own, real bounds.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgresql, "WRITER_IDLE_SECONDS", 120.0)
        patch.setattr(roller, "LEADER_IDLE_SECONDS", 120.0)
        yield


@pytest.fixture(scope="session")
def _emptied(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Begin without what migrations fill in."""
    with django_db_blocker.unblock():
        database.empty()


@pytest.fixture
def tables(_emptied: None, transactional_db: None) -> None:
    """The real tables, with the native source; emptied afterwards."""
    Source.objects.get_or_create(name="native")


@pytest.fixture
def ingest_up(tables: None) -> Process:
    """A worker that holds its slot and is subscribed, for as long as a test lasts."""
    slot = {"state": "subscribed", "detail": "", "since": 0.0, "database": "", "canary": "proven"}
    now = timezone.now()
    return Process.objects.create(
        id="worker", kind="ingest", state="up", started_at=now,
        beat_at=now + timedelta(hours=1), info={"slots": {"ingest-0": slot}},
    )  # fmt: skip
