"""What goes, what stays, and what is refused afterwards. What queries then answer is in
`tests/devices/rollups/test_state_machine.py`.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from devices import corrections, queries, registry
from devices.background import leases
from devices.jobs import files
from devices.models import (
    Change,
    Device,
    DeviceCounts,
    Job,
    Reading,
    RetentionPolicy,
    Series,
    Writer,
)
from devices.queries import bulk
from devices.queries.aggregates import aggregates
from devices.retention import disk, parts, sweeper
from devices.retention.disk import Disk
from devices.retention.policies import DAY_US
from devices.retention.preview import preview
from devices.retention.sweeper import Sweeper
from devices.rollups.levels import LEVELS
from devices.rollups.roller import Roller
from devices.storage import partitions
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
NOW = ARRIVAL // DAY_US * DAY_US + DAY_US // 2
HOUR = 3_600_000_000


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


@pytest.fixture(autouse=True)
def _weeks(monkeypatch: pytest.MonkeyPatch, tables: None) -> None:
    """Let each week have its partition, however long ago `NOW` is."""
    monkeypatch.setattr(partitions, "WEEKLY", 10_000)
    with connection.cursor() as cursor:
        for _end, name in partitions.ends():
            partitions.drop(cursor, name)


def put(*days_ago: float, key: str = "a") -> None:
    """Store a reading for each of `days_ago`, oldest first."""
    entries = [
        make_entry(
            json.dumps({"ts": (NOW - round(days * DAY_US)) / 1e3, "t": days}),
            f"devices/{key}/telemetry",
            received_at=NOW,
        )
        for days in days_ago
    ]
    make_writer().store(make_batch(*entries))


def roll() -> None:
    roller = Roller("roller", lambda: NOW)
    while roller.step():
        pass
    roller.release()


def sweep_all(now: int = NOW) -> Sweeper:
    roll()
    sweeper = Sweeper("sweeper", lambda: now)
    while sweeper.step():
        pass
    sweeper.release()
    return sweeper


def policy(**days: int) -> None:
    given = {"raw_days": 10, "minutes_days": 10, "quarters_days": 20, "hours_days": 30}
    RetentionPolicy.objects.update_or_create(
        site=None, series=None, device_type="", defaults={**given, "least_days": 2, **days}
    )


def days_left(key: str = "a") -> list[float]:
    rows = Reading.objects.filter(series__device__key=key).order_by("ts")
    return [row.value or 0.0 for row in rows]


def buckets(level: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM devices_rollup_{level}")
        return int(cursor.fetchone()[0])


def test_each_level_goes_in_its_own_time() -> None:
    policy()
    put(40, 25, 15, 5, 1)
    sweeper = sweep_all()
    assert days_left() == [5, 1]
    assert buckets("15m") == 3
    assert buckets("1h") == 4
    # 40 days ago: reading, quarter, hour; 25: reading, quarter; 15: reading. PostgreSQL drops
    # the readings by the week.
    assert sweeper.removed + sweeper.dropped == 6


def test_sums_answer_for_readings_that_are_gone() -> None:
    policy()
    put(25, 15, 5, 1)
    sweep_all()
    (info,) = queries.series_of([Device.objects.get().pk])
    start = NOW - 28 * DAY_US
    with queries.read_snapshot():
        width = bulk.bin_width([info], start, NOW, 1_000)
        found = queries.window(info, start, NOW, 1_000, width)
        whole = aggregates(info, [start, NOW - 10 * DAY_US, NOW], NOW)
    assert width >= HOUR
    assert found.value == [25, 15, 5, 1]
    assert [part.count for part in whole] == [2, 2]
    assert whole[1].increase == 5 + 1  # resets count from zero


def test_what_is_too_old_is_not_taken_in_again() -> None:
    policy()
    put(15, 5, 1)
    sweep_all()
    put(15, 14, 4)
    assert days_left() == [5, 4, 1]
    assert buckets("15m") == 3
    make_writer().flush_now()
    # A new series begins without a limit.
    put(15, 1, key="b")
    assert days_left("b") == [15, 1]


def test_what_was_refused_is_counted() -> None:
    policy()
    put(15, 5)
    sweep_all()
    writer = make_writer()
    entry = make_entry(json.dumps({"ts": (NOW - 15 * DAY_US) / 1e3, "t": 1}), "devices/a/telemetry")
    writer.store(make_batch(entry))
    writer.flush_now()
    assert DeviceCounts.objects.get().expired == 1


def test_the_last_day_of_a_silent_device_stays() -> None:
    policy()
    put(100, 50.2, 50)
    sweep_all()
    assert days_left() == [50.2, 50]


def test_without_a_policy_new_series_are_left_alone() -> None:
    put(4_000, 1)
    sweep_all()
    assert days_left() == [4_000, 1]
    Series.objects.update(created_at=datetime.fromtimestamp(NOW / 1e6, UTC) - timedelta(days=31))
    leases.commit("retention", leases.acquire("retention", "me") or 0, {})
    leases.release("retention", "me")
    sweep_all()
    assert days_left() == [1]
    assert buckets("1h") == 2


def test_nothing_goes_before_it_is_summed_up() -> None:
    policy()
    put(15, 1)
    sweeper = Sweeper("sweeper", lambda: NOW)
    assert not sweeper.step()
    assert days_left() == [15, 1]
    sweep_all()
    assert days_left() == [1]


def test_only_one_process_removes() -> None:
    policy()
    put(15, 1)
    roll()
    assert leases.acquire("retention", "another") is not None
    assert not Sweeper("sweeper", lambda: NOW).step()
    assert days_left() == [15, 1]


def test_a_pass_of_before_is_not_taken_for_this_one() -> None:
    policy()
    put(15, 1)
    sweep_all()
    one = Sweeper("one", lambda: NOW)
    assert one.is_done
    policy(raw_days=3, minutes_days=3)
    assert not one.is_done
    assert leases.acquire("retention", "another") is not None
    assert not sweeper.run_once(one, lambda _sweeper: None, seconds=0)


def test_it_goes_on_where_another_broke_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "ROWS", 2)
    policy()
    put(15, 14, 13, 12, 11, 1)
    roll()
    first = Sweeper("first", lambda: NOW)
    while len(days_left()) > 3:
        assert first.step()
    first.release()
    sweep_all()
    assert days_left() == [1]
    assert buckets("15m") == 6


def test_a_pass_is_made_once_a_day_and_after_a_change() -> None:
    policy()
    put(15, 5, 1)
    sweep_all()
    assert not Sweeper("again", lambda: NOW).step()
    leases.release("retention", "again")
    policy(raw_days=3, minutes_days=3)
    sweep_all()
    assert days_left() == [1]


def test_what_is_gone_cannot_be_marked() -> None:
    policy()
    put(15, 5)
    sweep_all()
    series = Series.objects.get()
    with pytest.raises(corrections.CannotCorrect, match="only sums are kept"):
        corrections.correct(series.pk, NOW - 16 * DAY_US, NOW, "bad", "why", None)
    assert not Change.objects.filter(writer="edit").exists()


def test_whole_weeks_are_dropped_where_nothing_in_them_is_kept() -> None:
    if connection.vendor != "postgresql":
        assert partitions.ends() == []
        return
    policy()
    put(40, 15, 1)
    before = set(partitions.ends())
    registered = Writer.objects.get(name="ingest-0").registry
    sweeper = sweep_all()
    assert sweeper.dropped == len(before - set(partitions.ends())) > 0
    assert Writer.objects.get(name="ingest-0").registry > registered
    # A writer that knew the week makes it anew for a series that may have it.
    put(40, key="b")
    assert days_left("b") == [40]


def test_a_week_that_another_series_needs_stays() -> None:
    policy()
    put(40, 1)
    put(40, 1, key="b")
    RetentionPolicy.objects.create(series=Series.objects.get(device__key="b"), raw_days=0)
    sweeper = sweep_all()
    assert days_left() == [1]
    assert days_left("b") == [40, 1]
    assert sweeper.dropped == 0


def test_writers_notice_a_dropped_week() -> None:
    """The same writer stores into a week, which is dropped, and again."""
    policy()
    writer = make_writer()
    old = (NOW - 40 * DAY_US) / 1e3
    entries = [
        make_entry(json.dumps({"ts": old, "t": 1}), f"devices/{key}/telemetry") for key in "ab"
    ]
    writer.store(make_batch(entries[0]))
    registry.delete(Device.objects.all())
    for end, name in partitions.ends():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM devices_reading")
        assert parts.drop(end, name)
    stored = writer.store(make_batch(entries[1]))
    assert stored.readings == 1
    assert stored.dead_letters == 0


def test_the_preview_says_what_goes_and_removes_nothing() -> None:
    policy()
    put(40, 25, 15, 5, 1)
    roll()
    (line,) = preview(NOW)
    assert (line.series, line.readings, line.quarters, line.hours) == (1, 3, 2, 1)
    assert line.bytes > 0
    assert len(days_left()) == 5
    sweep_all()
    (line,) = preview(NOW)
    assert (line.readings, line.quarters, line.hours, line.bytes) == (0, 0, 0, 0)


def test_the_command_shows_and_does() -> None:
    policy(raw_days=5, minutes_days=5)
    put(15, 1)
    roll()
    out = StringIO()
    call_command("retention", "--dry-run", stdout=out)
    assert "to go: " in out.getvalue()
    assert "Nothing was removed" in out.getvalue()
    assert days_left() == [15, 1]


def test_a_full_disk_takes_the_oldest_weeks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    policy(raw_days=0, minutes_days=0, quarters_days=0, hours_days=0)
    put(40, 30, 20, 3.1, 1.6, 1)
    left = days_left()
    seen: list[list[float]] = [left]

    def look() -> Disk:
        if days_left() != seen[-1]:
            seen.append(days_left())
        return Disk("thinning", 100, 1, 100) if len(days_left()) > 4 else Disk("ok", 1, 9, 10)

    monkeypatch.setattr(disk, "look", look)
    sweep_all()
    assert seen == [left, left[1:], left[2:]]
    assert buckets("1h") == 6


def test_a_full_disk_leaves_what_must_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    policy(raw_days=0, minutes_days=0, quarters_days=0, hours_days=0)
    put(40, 3.1, 1.6, 1)
    monkeypatch.setattr(disk, "look", lambda: Disk("thinning", 100, 1, 100))
    roll()
    sweeper = Sweeper("sweeper", lambda: NOW)
    for _ in range(60):
        sweeper.step()
    assert days_left() == [1.6, 1]


def test_room_comes_back_although_one_series_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's files shrink only when what is left in a week is written anew."""
    policy(raw_days=0, minutes_days=0, quarters_days=0, hours_days=0)
    put(40, 1, key="kept")
    put(*(40 + n / 2_000 for n in range(2_000, 0, -1)), 1)
    kept = Series.objects.get(device__key="kept")
    RetentionPolicy.objects.create(series=kept, raw_days=0, least_days=0)
    roll()
    before = room()

    def look() -> Disk:
        full = len(days_left()) > 1 or room() > before / 3
        return Disk("thinning", 100, 1, 100) if full else Disk("ok")

    monkeypatch.setattr(disk, "look", look)
    sweep_all()
    assert days_left() == [1]
    assert days_left("kept") == [40, 1]
    assert look().state == "ok"


def room() -> int:
    """Return the bytes of all weeks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        sizes = []
        for _end, name in partitions.ends():
            cursor.execute("SELECT pg_total_relation_size(%s)", [name])
            sizes.append(int(cursor.fetchone()[0]))
    return sum(sizes)


@pytest.mark.parametrize(
    ("free", "state"), [(90, "ok"), (14, "low"), (4, "thinning"), (0, "thinning")]
)
def test_the_disk_is_judged_by_its_room(settings: Any, free: int, state: str) -> None:
    database = disk.look().database
    settings.DISK_BUDGET_MB = 1 + database // (100 - free) * 100 // 10**6
    found = disk._judge(100 - free, free, 100)
    assert found.state == state
    assert disk.look().state in {"ok", "low", "thinning"}


def test_without_a_budget_sqlite_looks_at_its_disk(settings: Any) -> None:
    settings.DISK_BUDGET_MB = 0
    found = disk.look()
    assert found.database > 0
    if connection.vendor == "postgresql":
        assert found.state == "unknown"
        assert "DISK_BUDGET_MB" in found.words
    else:
        assert found.size > found.free > 0


def test_levels_are_those_of_the_tables() -> None:
    assert {level.name for level in LEVELS} == {"1m", "15m", "1h"}


def test_files_of_jobs_go_before_any_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    put(400, 200, 1)
    roll()
    policy(raw_days=900, least_days=1)
    done = Job.objects.create(kind="export", state=Job.State.DONE, ended_at=timezone.now())
    running = Job.objects.create(kind="export", state=Job.State.RUNNING)
    for job in (done, running):
        files.append(job.pk, files.OUT, b"x" * 100)
    monkeypatch.setattr(disk, "look", lambda: Disk("thinning", 1, 1, 1))
    service = Sweeper("me", lambda: NOW)
    assert service.step()
    done.refresh_from_db()
    assert (done.state, files.size(done.pk, files.OUT)) == ("expired", 0)
    assert files.size(running.pk, files.OUT) == 100
    assert len(days_left()) == 3
