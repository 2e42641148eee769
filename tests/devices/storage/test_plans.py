"""What is done for every batch finds its rows by their keys, however many there are."""

import json
from typing import Any

import pytest
from django.db import connection

from devices.rollups import levels, pending_buckets
from devices.rollups.levels import QUARTER_HOUR
from devices.rollups.roller import GRACE, Roller
from devices.storage import sqlite
from devices.storage.rows import Row
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
# Those that grow with the history.
GROWING = ("devices_reading", "devices_rollup", "devices_dirty", "devices_change")


class Noting:
    """A cursor of SQLite's own that notes what it runs."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.done: list[tuple[str, Any]] = []

    def execute(self, sql: str, values: Any = ()) -> Any:
        self.done.append((sql, values))
        return self._raw.execute(sql, values)

    def fetchall(self) -> Any:
        return self._raw.fetchall()


def scanned(sql: str, values: Any) -> list[str]:
    """Return the tables that a statement reads as a whole, by SQLite's plan."""
    with connection.cursor() as cursor:
        raw = cursor.connection.cursor()
        plan = raw.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    names = [row[3] for row in plan if row[3].startswith("SCAN")]
    return [name for name in names if "USING" not in name and any(t in name for t in GROWING)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's planner is the one to look at")
@pytest.mark.parametrize("many", [1, 2, 40])
def test_readings_that_are_there_are_found_by_their_keys(many: int) -> None:
    rows = [Row(1, ARRIVAL + n, 1.0, None) for n in range(many)]
    with connection.cursor() as cursor:
        noting = Noting(cursor.connection.cursor())
        assert list(sqlite._find(noting, rows)) == []
    ((sql, values),) = noting.done
    assert scanned(sql, values) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's planner is the one to look at")
def test_batches_and_rollups_read_no_table_as_a_whole() -> None:
    """Late, again, and of many quarters: each statement, as it was run."""
    done: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        given = list(params)[:1] if many else [params]
        done.extend((sql, values) for values in given)
        return execute(sql, params, many, context)

    writer = make_writer()
    roller = Roller("roller", lambda: ARRIVAL + 2 * QUARTER_HOUR.width + GRACE)
    entries = [
        make_entry(json.dumps({"ts": ARRIVAL / 1e3 - n * 900_000, "t": n}), "devices/a/telemetry")
        for n in range(60)
    ]
    with connection.execute_wrapper(note):
        for _ in range(2):
            writer.store(make_batch(*entries))
            while roller.step():
                pass
    wrong = {
        (sql, name)
        for sql, values in done
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"))
        for name in scanned(sql.replace("%s", "?"), values or ())
    }
    assert not wrong


def test_dense_quarters_and_those_that_are_summed_up_are_told_and_taken_off() -> None:
    buckets = [(7, n * QUARTER_HOUR.width) for n in range(900)]
    pending_buckets.mark(buckets)
    pending_buckets.unmark(buckets[:450])
    assert pending_buckets.closed(2**62, 1_000) == buckets[450:]
    with connection.cursor() as cursor:
        assert levels.dense(cursor, [(pk, start, start + 1) for pk, start in buckets]) == []
