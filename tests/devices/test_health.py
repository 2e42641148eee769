"""Which processes live, and until when ingest was up."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices import health
from devices.models import Process

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)


def worker(name: str, beat: datetime, state: str = "up", **slot: Any) -> None:
    """Add a worker; with what its one slot tells, it holds one."""
    info = {"slots": {"ingest-0": slot} if slot else {}}
    Process.objects.create(
        id=name, kind="ingest", state=state, started_at=T0, beat_at=beat, info=info
    )


def since() -> datetime | None:
    told = health.ingest_health()["since"]
    return None if told is None else datetime.fromtimestamp(told / 1_000, UTC)


def ahead() -> datetime:
    """Alive for as long as this test lasts."""
    return timezone.now() + timedelta(hours=1)


def test_while_ingest_is_up_everything_is_known() -> None:
    worker("a", ahead(), state="up", down_since=None)
    as_of = health.as_of()
    assert as_of.ingest_up
    assert as_of.moment == as_of.now


def test_a_slot_tells_since_when_nothing_comes() -> None:
    worker("a", ahead(), "down", was_up=True, down_since=T0.timestamp())
    worker("b", ahead(), "up", down_since=None)
    assert since() == T0
    assert health.as_of().moment == T0


def test_a_worker_that_was_killed_was_up_until_its_last_heartbeat() -> None:
    worker("a", T0, "up", down_since=None)
    assert since() == T0
    worker("idle", ahead(), "idle")
    assert since() == T0


def test_a_worker_that_was_down_when_it_was_killed_was_up_until_then() -> None:
    before = T0 - timedelta(minutes=5)
    worker("a", T0, "down", down_since=before.timestamp(), was_up=True)
    assert since() == before


def test_a_worker_that_never_reached_the_broker_asks_the_one_before() -> None:
    worker("a", T0, "up", down_since=None)
    later = T0 + timedelta(minutes=5)
    worker("b", ahead(), "down", down_since=later.timestamp(), was_up=False)
    assert since() == T0


def test_a_worker_that_ended_in_good_order_is_not_missed_and_still_known() -> None:
    health.beat("a", "ingest", time.time(), "up", {})
    health.end("a")
    assert health.processes() == []
    assert health.living("ingest") == []
    assert health.ingest_health()["state"] == "stopped"
    ended = since()
    assert ended is not None
    assert abs((timezone.now() - ended).total_seconds()) < 60


def test_nobody_can_tell_where_no_worker_ever_ran() -> None:
    assert health.ingest_health()["state"] == "stopped"
    assert since() is None


@pytest.fixture
def here() -> Iterator[None]:
    health.keep_here("http://127.0.0.1:9")
    yield
    health._here = health._Here()


def test_one_process_keeps_its_heartbeats_in_memory(here: None) -> None:
    health.beat("web", "web", time.time(), "up", {"sockets": 1})
    written = Process.objects.get().beat_at
    for sockets in range(5):
        health.beat("web", "web", time.time(), "up", {"sockets": sockets})
    assert Process.objects.get().beat_at == written
    (process,) = health.processes()
    assert process.info["sockets"] == 4
    assert health.is_alive(process)
    assert health.beside() == [{"name": "web", "state": "up", "info": process.info}]
    health.beat("web", "web", time.time(), "down", {})
    assert Process.objects.get().state == "down"  # a change is written at once
