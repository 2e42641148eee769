"""What an operator reads for each thing that can be wrong."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from devices.models import Process
from devices.monitoring import conditions
from devices.monitoring.conditions import CONDITIONS
from devices.storage import losses
from tests.support.services import DEPLOY, ROOT

pytestmark = pytest.mark.django_db
SLOT = {
    "state": "subscribed",
    "detail": "",
    "since": 0.0,
    "database": "",
    "canary": "proven",
    "oldest_s": 0.0,
    "paused": False,
    "unacknowledged": 0,
}


def worker(silent_s: float = 1.0, slot: dict[str, Any] | None = None, **info: Any) -> Process:
    slots = {"ingest-0": {**SLOT, **(slot or {})}}
    process = Process(id="w", kind="ingest", state="up", info={"slots": slots, **info})
    process.silent_s = silent_s
    return process


def codes(*processes: Process) -> list[str]:
    return [condition.code for condition in conditions.current(list(processes))]


def test_nothing_is_wrong_with_a_good_worker() -> None:
    assert codes(worker()) == []


def test_nobody_minds_that_a_slot_which_leaves_cannot_be_read_out() -> None:
    assert codes(worker(slot={"state": "unreachable", "leaves": True})) == []


def test_without_a_worker() -> None:
    assert codes() == ["no_worker"]
    assert codes(worker(silent_s=60)) == ["no_worker", "process_gone"]
    assert codes(worker(silent_s=100_000)) == ["no_worker"]


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        ({"state": "unreachable"}, "broker_away"),
        ({"state": "connecting"}, "broker_away"),
        ({"state": "refused", "detail": "Not authorized"}, "broker_refused"),
        ({"state": "deaf"}, "deaf"),
        ({"not_interpreted": [["ha", "{{ now() }}", "no now", 3]]}, "not_interpreted"),
        ({"refused": {"secret/#": "Not authorized"}}, "broker_refused"),
        ({"canary": "refused"}, "canary_refused"),
        ({"sharing": "refused"}, "share_refused"),
        ({"sharing": "forgets", "is_sharing": True}, "share_forgets"),
        ({"oldest_s": 11.0}, "behind"),
        ({"paused": True}, "behind"),
        ({"clocks_ahead_s": 5_184_000}, "clock_behind"),
        ({"contested": True}, "session_taken"),
        ({"database": "connection refused"}, "database_away"),
        ({"database": "No space left on device"}, "disk_full"),
        ({"database": "database or disk is full"}, "disk_full"),
        ({"database": "canceling statement due to lock timeout"}, "database_locked"),
        ({"database": "database is locked"}, "database_locked"),
    ],
)
def test_of_a_slot(slot: dict[str, Any], code: str) -> None:
    assert codes(worker(slot=slot)) == [code]


def test_a_rest_between_commits_is_not_being_behind(settings: Any) -> None:
    settings.COMMIT_INTERVAL_MS = 20_000
    assert codes(worker(slot={"oldest_s": 25.0})) == []
    assert codes(worker(slot={"oldest_s": 31.0})) == ["behind"]


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ({"database": "connection refused"}, "database_away"),
        ({"layer": "connection refused"}, "layer_away"),
        ({"clock_offset_s": -3600.0}, "clock_jump"),
        ({"loop_lag_s": 2.5}, "loop_lag"),
        ({"slots": {}}, "slot_unheld"),
        ({"services": {"rollups": {"failing": "", "behind_s": 61.0}}}, "rollups_behind"),
        ({"services": {"rollups": {"failing": "no such table"}}}, "rollups_behind"),
        ({"services": {"retention": {"failing": "no such table"}}}, "retention_failing"),
        ({"services": {"jobs": {"failing": "no such table"}}}, "service_failing"),
    ],
)
def test_of_a_worker(info: dict[str, Any], code: str) -> None:
    assert codes(worker(**info)) == [code]


def test_a_broker_that_forgets_is_none_where_nothing_is_shared() -> None:
    assert codes(worker(slot={"sharing": "forgets", "is_sharing": False})) == []


def test_a_slot_that_has_just_begun_to_connect_is_no_condition() -> None:
    import time

    assert codes(worker(slot={"state": "connecting", "since": time.time()})) == []


def test_a_worker_of_another_release_tells_less() -> None:
    old = worker()
    old.info = {"slots": {"ingest-0": ["subscribed", ""]}}
    assert codes(old) == []


def test_recorded_losses_stay_for_a_day() -> None:
    import time

    now = time.time_ns() // 1_000
    losses.record("broker_dropped", now, now, 12)
    losses.record("session_lost", now - 2 * conditions.DAY_US, now - 2 * conditions.DAY_US, None)
    assert codes(worker()) == ["broker_dropped"]
    assert "12 packets" in conditions.current([worker()])[0].detail


def test_red_comes_first() -> None:
    found = conditions.current([worker(slot={"state": "lost", "canary": "refused"})])
    assert [condition.level for condition in found] == ["red", "yellow"]


def test_every_condition_has_an_alert_and_a_runbook_entry() -> None:
    alerts = yaml.safe_load((DEPLOY / "alerts.yml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    watched = {
        match.group(1)
        for rule in rules
        if (match := re.search(r'iotbridge_condition\{code="(\w+)"\}', rule["expr"]))
    }
    assert watched == set(CONDITIONS)
    runbook = (Path(ROOT) / "docs" / "howto" / "runbook.md").read_text()
    for rule in rules:
        anchor = rule["annotations"]["runbook"].rsplit("#", 1)[1]
        assert f"## {anchor}\n" in runbook, anchor
        assert rule["labels"]["severity"] in {"critical", "warning"}
