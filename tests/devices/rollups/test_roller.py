"""The elected process: who it is, what it reads.

That its sums are right is in `test_model.py`. `make test` runs this file on SQLite and
on PostgreSQL.
"""

import json
import math
from typing import Any

import pytest
from django.db import connection

from devices import queries
from devices.background import leases
from devices.models import Change, Device, Dirty, Duty
from devices.queries import SECOND
from devices.rollups import minute_aggregates, roller
from devices.rollups.levels import QUARTER_HOUR
from devices.rollups.roller import Roller
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
START = QUARTER_HOUR.floor(ARRIVAL)


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def put(*seconds: float) -> None:
    """Store a reading of one metric at each of `seconds` after START."""
    payloads = [{"ts": START / 1e3 + s * 1e3, "t": s} for s in seconds]
    entries = [
        make_entry(
            json.dumps(p), "devices/a/telemetry", received_at=START + round(seconds[-1]) * SECOND
        )
        for p in payloads
    ]
    make_writer().store(make_batch(*entries))


def summed_up() -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bucket, count FROM devices_rollup_15m ORDER BY bucket")
        return list(cursor.fetchall())


def catch_up(one: Roller) -> None:
    while one.step():
        pass


def test_one_process_has_the_duty_and_the_other_waits() -> None:
    put(1, 2)
    now = START + 2 * QUARTER_HOUR.width
    first, second = Roller("first", lambda: now), Roller("second", lambda: now)
    catch_up(first)
    assert not second.step()
    assert second.due_s() == math.inf
    assert 0 < first.due_s() < 900
    first.release()
    second.step()
    assert Duty.objects.get().holder == "second"
    assert summed_up() == [(START, 2)]


def test_who_lost_the_duty_commits_nothing() -> None:
    now = START
    one = Roller("one", lambda: now)
    catch_up(one)
    leases.release("rollups", "one")
    assert leases.acquire("rollups", "two") is not None
    put(1, 2)
    with pytest.raises(leases.LeaseLost):
        one.step()
    assert not Dirty.objects.exists()


def test_readings_in_order_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = START
    one = Roller("one", lambda: now)
    put(0)
    catch_up(one)
    read: list[int] = []

    original = minute_aggregates.read
    monkeypatch.setattr(
        minute_aggregates, "read", lambda spans: list(_counted(original, spans, read))
    )
    for begin in range(1, 1_000, 20):
        put(*range(begin, min(begin + 20, 1_000)))
        now = START + (begin + 20) * SECOND
        catch_up(one)
    now = START + 3 * QUARTER_HOUR.width
    catch_up(one)
    assert summed_up() == [(START, 900), (START + QUARTER_HOUR.width, 100)]
    # Beside the 1,000 there is the first one, which was there before.
    assert sum(read) == 1_000


def _counted(original: Any, spans: Any, read: list[int]) -> Any:
    for minute, part in original(spans):
        read.append(part.count)
        yield minute, part


def test_what_was_stored_before_there_were_rollups_is_summed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(roller, "BACKFILL", 2)
    put(*range(0, 9_000, 500))
    Change.objects.all().delete()
    now = START + 20 * QUARTER_HOUR.width
    one = Roller("one", lambda: now)
    info = queries.series_of([Device.objects.get(key="a").pk])[0]
    one.step()
    before = queries.bins(info, START, now, QUARTER_HOUR.width)
    catch_up(one)
    assert [count for _bucket, count in summed_up()] == [row[4] for row in before]
    assert queries.bins(info, START, now, QUARTER_HOUR.width) == before
    assert Duty.objects.get().state["backfill"] is None


def test_it_is_behind_while_it_does_not_catch_up_not_by_how_old_readings_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = [1_000.0]
    monkeypatch.setattr("devices.rollups.roller.time.monotonic", lambda: at[0])
    monkeypatch.setattr(roller, "CLOSED", 1)
    put(1, 1_000, 2_000)
    # A week later: what was imported, say.
    one = Roller("first", lambda: START + 700 * QUARTER_HOUR.width)
    while not one.status()["behind_s"] and one.step():
        at[0] += 50.0
    assert 0 < one.status()["behind_s"] <= 100
    catch_up(one)
    assert one.status() == {"behind_s": 0.0}
    at[0] += 9_000.0
    put(3_000)
    one.step()
    assert one.status()["behind_s"] < 100
