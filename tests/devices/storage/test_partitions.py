"""Partitions of old times are few; of the last year each week has its own."""

import json
from contextlib import closing
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from devices.storage import partitions
from devices.storage.partitions import Part, part_for
from devices.timestamps import WEEK_US, week_start
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import make_batch, make_entry


def week(text: str) -> int:
    return week_start(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6))


NOW = week("2026-11-28") + WEEK_US // 2
YEAR_2000, YEAR_2200 = week("2000-01-03"), week("2199-12-20")


def test_what_is_recent_or_ahead_has_a_partition_a_week() -> None:
    for text, name in (
        ("2026-11-28", "2026w48"),
        ("2026-12-03", "2026w49"),
        ("2025-12-01", "2025w49"),
    ):
        part = part_for(week(text), [], NOW)
        assert part == Part(week(text), week(text) + WEEK_US)
        assert partitions.name_of(part) == f"devices_reading_{name}"


@pytest.mark.parametrize(
    ("text", "start", "end", "name"),
    [
        ("2009-06-01", "2008-12-29", "2010-01-04", "2009w01to53"),  # 53 weeks by ISO 8601
        ("2001-01-01", "2001-01-01", "2001-12-31", "2001w01to52"),
        ("2025-03-03", "2024-12-30", "2025-11-24", "2025w01to47"),  # up to what is recent
    ],
)
def test_what_is_older_has_one_a_year(text: str, start: str, end: str, name: str) -> None:
    part = part_for(week(text), [], NOW)
    assert part == Part(week(start), week(end))
    assert partitions.name_of(part) == f"devices_reading_{name}"


def test_what_is_there_already_is_gone_around() -> None:
    there = [Part(week(text), week(text) + WEEK_US) for text in ("2009-03-02", "2009-03-23")]
    assert part_for(week("2009-03-09"), there, NOW) == Part(there[0].end, there[1].start)
    assert part_for(week("2009-06-01"), there, NOW) == Part(there[1].end, week("2010-01-04"))
    assert part_for(week("2009-01-19"), there, NOW) == Part(week("2008-12-29"), there[0].start)


@given(
    st.lists(
        st.tuples(
            st.integers(YEAR_2000, YEAR_2200).map(week_start),
            st.integers(week("2020-01-06"), week("2030-01-07")),
        ),
        max_size=60,
    )
)
def test_parts_hold_their_week_and_never_overlap(asked: list[tuple[int, int]]) -> None:
    there: list[Part] = []
    for wanted, now in asked:
        if partitions._covers(there, wanted):
            continue
        part = part_for(wanted, there, now)
        assert part.start <= wanted < part.end
        assert part.start == week_start(part.start)
        assert part.end == week_start(part.end)
        assert all(part.end <= other.start or other.end <= part.start for other in there)
        there = sorted([*there, part])
    assert len({partitions.name_of(part) for part in there}) == len(there)


@pytest.mark.usefixtures("tables")
def test_a_value_of_each_week_since_2000_leaves_locks_for_everybody() -> None:
    """A statement locks each partition that it may read, and its index: there is room for 6,400."""
    weeks = range(YEAR_2000, week("2026-11-23"), WEEK_US)
    records = [{"ts": at // 1_000 + 1, "t": n} for n, at in enumerate(weeks)]
    entries = [make_entry(json.dumps(records[start : start + 500])) for start in (0, 500, 1_000)]
    assert make_writer().store(make_batch(*entries)).rows
    if connection.vendor != "postgresql":
        assert partitions.ends() == []
        return
    assert len(partitions.ends()) <= 26 + partitions.WEEKLY + 14  # those that were there before
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT max(ts) FROM devices_reading WHERE series_id < 0")
        cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")
        locks = cursor.fetchone()[0]
        cursor.execute("ROLLBACK")
    assert 20 * locks < 6_400 * 0.75


@pytest.mark.usefixtures("tables")
def test_two_workers_may_make_the_same_partition_at_once() -> None:
    if connection.vendor != "postgresql":
        assert partitions.end_of(NOW) == week_start(NOW) + WEEK_US
        return
    wanted, failed, together = week("2004-05-03"), [], Barrier(2)

    def work(years_later: int) -> None:
        try:
            with closing(connection.copy()) as other, other.cursor() as cursor:
                together.wait(10)
                later = (NOW + years_later * 52 * WEEK_US) * 1_000
                partitions.cover(cursor, [wanted, wanted + WEEK_US], lambda: later)
        except Exception as error:
            failed.append(error)

    # The clock of the second is 22 years behind: it would make weeks of what is a year.
    threads = [Thread(target=work, args=(late,)) for late in (0, -22)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with connection.cursor() as cursor:
        found = [p for p in partitions.parts(cursor) if p.start <= wanted + WEEK_US < p.end]
    assert len(found) == 1
