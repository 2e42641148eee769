"""Which processes live, and until when ingest was up."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from devices.models import Process
from devices.monitoring import heartbeats

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)


def worker(
    name: str, beat: datetime, last_up: datetime | None = None, **slots: dict[str, Any]
) -> None:
    """Add a worker with the slots that it holds, and until when it says that it was up."""
    info = {
        "slots": {name.replace("_", "-"): slot for name, slot in slots.items()},
        "last_up": None if last_up is None else last_up.timestamp(),
    }
    Process.objects.create(
        id=name, kind="ingest", state="x", started_at=T0, beat_at=beat, info=info
    )


UP: dict[str, Any] = {"state": "subscribed"}
DOWN: dict[str, Any] = {"state": "unreachable"}
STANDS_BY: dict[str, Any] = {"state": "unreachable", "stands_by": True}


def since() -> datetime | None:
    told = heartbeats.ingest_health()["since"]
    return None if told is None else datetime.fromtimestamp(told / 1_000, UTC)


def ahead() -> datetime:
    """Alive for as long as this test lasts."""
    return timezone.now() + timedelta(hours=1)


def lately() -> datetime:
    """Dead, but not for long."""
    return timezone.now() - timedelta(seconds=30)


def test_while_ingest_is_up_everything_is_known() -> None:
    worker("a", ahead(), ingest_0=UP)
    as_of = heartbeats.as_of()
    assert as_of.ingest_up
    assert as_of.moment == as_of.now


def test_a_worker_that_begins_or_is_idle_or_stands_by_changes_nothing() -> None:
    worker("a", ahead(), ingest_0=UP)
    worker("beginning", ahead())
    worker("standing_by", ahead(), ingest_1=STANDS_BY)
    assert heartbeats.ingest_health()["state"] == "up"


def test_a_slot_that_is_to_receive_and_does_not_is_told_with_its_time() -> None:
    worker("a", ahead(), T0, ingest_0=DOWN)
    worker("b", ahead(), ingest_1=UP)
    assert heartbeats.ingest_health()["state"] == "down"
    assert since() == T0
    assert heartbeats.as_of().moment == T0


def test_how_far_the_clocks_of_devices_are_ahead_is_rounded_up() -> None:
    worker("a", ahead(), ingest_0=UP, ingest_1={**UP, "clocks_ahead_s": 60})
    assert heartbeats.ingest_health()["ahead_ms"] == 61_000
    Process.objects.all().delete()
    worker("b", ahead(), ingest_0=UP)
    assert heartbeats.ingest_health()["ahead_ms"] == 0


def test_a_slot_whose_worker_was_killed_is_missed_until_somebody_holds_it(settings: Any) -> None:
    settings.MQTT_SLOTS = 2
    killed = lately()
    worker("a", killed, killed, ingest_0=UP)
    worker("b", ahead(), ingest_1=UP)
    assert heartbeats.ingest_health()["state"] == "down"
    assert since() == killed
    Process.objects.filter(id="b").update(
        info={"slots": {"ingest-0": UP, "ingest-1": UP}, "last_up": None}
    )
    assert heartbeats.ingest_health()["state"] == "up"


def test_a_slot_that_is_none_any_more_is_not_missed(settings: Any) -> None:
    settings.MQTT_SLOTS = 1
    worker("a", lately(), T0, ingest_1=UP)
    worker("b", ahead(), ingest_0=UP)
    assert heartbeats.ingest_health()["state"] == "up"


def test_a_slot_that_was_given_up_long_ago_is_not_missed(settings: Any) -> None:
    settings.MQTT_SLOTS = 2
    worker("a", T0, T0, ingest_1=UP)
    worker("b", ahead(), ingest_0=UP)
    assert heartbeats.ingest_health()["state"] == "up"


def test_a_worker_that_was_killed_was_up_until_it_says_so() -> None:
    worker("a", T0 + timedelta(minutes=5), T0, ingest_0=DOWN)
    assert heartbeats.ingest_health()["state"] == "stopped"
    assert since() == T0
    worker("idle", ahead())
    assert since() == T0


def test_workers_that_never_were_up_ask_those_before_them() -> None:
    worker("a", T0, T0, ingest_0=UP)
    worker("never_up", T0 + timedelta(minutes=5), None, ingest_0=DOWN)
    worker("b", ahead(), None, ingest_0=DOWN)
    assert since() == T0


def test_a_worker_that_ended_in_good_order_is_not_missed_and_still_known() -> None:
    worker("a", ahead(), T0, ingest_0=DOWN)
    heartbeats.end("a")
    assert heartbeats.processes() == []
    assert heartbeats.living("ingest") == []
    assert heartbeats.ingest_health()["state"] == "stopped"
    assert since() == T0


def test_a_worker_that_cannot_store_is_down() -> None:
    worker("a", ahead(), T0, ingest_0={**UP, "database": "connection refused"})
    assert heartbeats.ingest_health()["state"] == "down"
    assert since() == T0


def test_nobody_can_tell_where_no_worker_ever_ran() -> None:
    assert heartbeats.ingest_health()["state"] == "stopped"
    assert since() is None


@pytest.fixture
def here() -> Iterator[None]:
    heartbeats.keep_here("http://127.0.0.1:9")
    yield
    heartbeats._here = heartbeats._Here()


def test_one_process_keeps_its_heartbeats_in_memory(here: None) -> None:
    heartbeats.beat("web", "web", time.time(), "up", {"sockets": 1})
    written = Process.objects.get().beat_at
    for sockets in range(5):
        heartbeats.beat("web", "web", time.time(), "up", {"sockets": sockets})
    assert Process.objects.get().beat_at == written
    (process,) = heartbeats.processes()
    assert process.info["sockets"] == 4
    assert heartbeats.is_alive(process)
    assert heartbeats.beside() == [{"name": "web", "state": "up", "info": process.info}]
    heartbeats.beat("web", "web", time.time(), "down", {})
    assert Process.objects.get().state == "down"  # a change is written at once


def test_a_heartbeat_that_could_not_be_written_is_written_with_the_next(
    here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_given: Any) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(heartbeats, "_write", locked)
        with pytest.raises(OperationalError):
            heartbeats.beat("web", "web", time.time(), "up", {})
    # This process knows all the same that it lives.
    assert [process.id for process in heartbeats.processes()] == ["web"]
    heartbeats.beat("web", "web", time.time(), "up", {})
    assert Process.objects.get().id == "web"
