"""What exports hold: exactly what is stored and may be seen, in every format, of any size.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from devices import corrections
from devices.access import Scope, scope_of
from devices.exports import formats
from devices.exports import job as export_job
from devices.exports.job import ExportWork
from devices.exports.request import BadExport, Export, export_of
from devices.jobs import files, requests
from devices.jobs.runner import JobFailed, Runner
from devices.models import Device, Job, Membership, Series, Site
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
HOUR = 3_600_000_000
START = ARRIVAL // HOUR * HOUR - 30 * HOUR
ALL = Scope(everything=True)


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def put(device: str, **values: list[Any]) -> None:
    """Store values of a device, an hour apart."""
    entries = [
        make_entry(
            json.dumps({"ts": (START + n * HOUR + n) / 1e3, **dict(zip(values, row, strict=True))}),
            f"devices/{device}/telemetry",
        )
        for n, row in enumerate(zip(*values.values(), strict=True))
    ]
    make_writer().store(make_batch(*entries))


def export(*keys: str, scope: Scope = ALL, **more: Any) -> bytes:
    """Run an export to its end."""
    start, end = more.pop("start", ""), more.pop("end", "")
    made = export_of(scope, keys, start, end, now=ARRIVAL, **more)
    doing, out = ExportWork(Job(options=made.options())), b""
    while True:
        progress = doing.step()
        out += progress.output
        if progress.finished:
            return out


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_csv_has_every_reading_in_order() -> None:
    put("b", t=[1.5, 2.0])
    put("a", on=[True, False], mode=["=cmd()", "idle"])
    found = rows_of(export("*"))
    assert [(r["device"], r["metric"], r["kind"], r["value"]) for r in found] == [
        ("a", "mode", "text", "'=cmd()"),
        ("a", "mode", "text", "idle"),
        ("a", "on", "boolean", "true"),
        ("a", "on", "boolean", "false"),
        ("b", "t", "number", "1.5"),
        ("b", "t", "number", "2.0"),
    ]
    times = [datetime.fromisoformat(row["time"]).timestamp() * 1e6 for row in found[-2:]]
    assert [round(ts) for ts in times] == [START, START + HOUR + 1]


def test_json_lines_keep_types_and_zone() -> None:
    put("a", on=[True], t=[3.25], mode=["x"])
    found = [
        json.loads(line) for line in export("a/*", format="jsonl", zone="Asia/Kolkata").splitlines()
    ]
    assert [row["value"] for row in found] == ["x", True, 3.25]
    assert found[0]["time"].endswith("+05:30")


def test_parquet_has_a_column_for_texts(tmp_path: Path) -> None:
    put("a", t=[1.5, 2.5], mode=["x", "y"])
    path = tmp_path / "it.parquet"
    path.write_bytes(export("*", format="parquet"))
    table = pq.read_table(path).to_pydict()
    assert table["value"] == [None, None, 1.5, 2.5]
    assert table["text"] == ["x", "y", None, None]
    assert table["time"][0].timestamp() * 1e6 == START


def test_a_span_is_kept_to() -> None:
    put("a", t=[1, 2, 3, 4])
    span = {"start": str((START + HOUR) / 1e3), "end": str((START + 2 * HOUR + 2) / 1e3)}
    assert [row["value"] for row in rows_of(export("a/t", **span))] == ["2.0", "3.0"]


def test_buckets_sum_up_what_is_there() -> None:
    put("a", t=[1, 2, 6, 4], on=[True, False, True, True])
    found = rows_of(export("a/*", bucket="day", zone="UTC"))
    by_metric = {metric: [r for r in found if r["metric"] == metric] for metric in ("t", "on")}
    assert sum(int(row["count"]) for row in by_metric["t"]) == 4
    assert {row["max"] for row in by_metric["t"]} == {"6.0"}
    assert "true" in json.loads(by_metric["on"][0]["seconds"])
    lines = [json.loads(line) for line in export("a/t", bucket="day", format="jsonl").splitlines()]
    assert lines[0]["mean"] == pytest.approx(13 / 4)


def test_buckets_of_parquet(tmp_path: Path) -> None:
    put("a", t=[1, 2])
    path = tmp_path / "it.parquet"
    path.write_bytes(export("*", format="parquet", bucket="hour"))
    assert pq.read_table(path).to_pydict()["count"] == [1, 1]


def test_what_is_marked_is_left_out() -> None:
    put("a", t=[1, 2, 3])
    corrections.correct(Series.objects.get().pk, START, START + 1, "bad", "why", None)
    assert [row["value"] for row in rows_of(export("*"))] == ["2.0", "3.0"]


def test_small_steps_make_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", t=[*range(25)], u=[*range(25)])
    whole = export("*")
    buckets = export("*", bucket="hour")
    monkeypatch.setattr(export_job, "ROWS", 7)
    monkeypatch.setattr(export_job, "PAGE", 3)
    assert export("*") == whole
    assert export("*", bucket="hour") == buckets


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_job_that_is_broken_off_makes_the_same_file(
    form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put("a", t=[*range(25)])
    whole = export("*", format=form)
    monkeypatch.setattr(export_job, "ROWS", 7)
    made = export_of(ALL, ["*"], "", "", now=ARRIVAL, format=form)
    job = requests.ask("export", "", made.options(), None)
    for number in range(100):
        one = Runner(f"runner {number}")
        more = one.step() and (form == "parquet" and number > 2 and list(iter(one.step, False)))
        one.release()
        if not more and not Job.objects.filter(state__in=["waiting", "running"]).exists():
            break
    content = b"".join(files.pieces(job.pk, files.OUT))
    if form == "parquet":
        path = tmp_path / "it.parquet"
        path.write_bytes(content)
        assert pq.read_table(path).to_pydict()["value"] == [*range(25)]
    else:
        assert content == whole
    job.refresh_from_db()
    assert job.result["rows"] == 25


def test_only_what_may_be_seen_is_exported() -> None:
    put("a", t=[1])
    put("b", t=[2])
    site = Site.objects.create(slug="s", name="S")
    Device.objects.filter(key="a").update(site=site)
    user = get_user_model().objects.create_user("anna")
    Membership.objects.create(user=user, site=site, role="viewer")
    assert [row["device"] for row in rows_of(export("*", scope=scope_of(user)))] == ["a"]
    with pytest.raises(BadExport, match="b/t names no series"):
        export("b/t", scope=scope_of(user))


def test_rights_that_are_withdrawn_hold_at_once() -> None:
    put("a", t=[1])
    site = Site.objects.create(slug="s", name="S")
    Device.objects.update(site=site)
    user = get_user_model().objects.create_user("anna")
    member = Membership.objects.create(user=user, site=site, role="viewer")
    made = export_of(scope_of(user), ["*"], "", "", now=ARRIVAL, user=user.pk)
    job = requests.ask("export", "", made.options(), user)
    assert requests.may_fetch(job, user)
    member.delete()
    assert not requests.may_fetch(job, user)
    progress = ExportWork(job).step()
    assert progress.finished
    assert progress.result == {"rows": 0, "withheld": 1}
    user.is_active = False
    user.save()
    with pytest.raises(JobFailed, match="not a user any more"):
        ExportWork(job).step()


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"start": "2026-11-22", "end": "2026-11-21"}, "from"),
        ({"start": "yesterday"}, "from"),
        ({"end": "9999-01-01"}, "to"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"format": "xls"}, "format"),
        ({"bucket": "fortnight"}, "bucket"),
        ({"start": "1970-01-01", "bucket": "hour"}, "bucket"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], parameter: str) -> None:
    put("a", t=[1])
    with pytest.raises(BadExport) as refused:
        export("*", **given)
    assert refused.value.parameter == parameter


@pytest.mark.parametrize("key", ["\ud800/x", "a\0/x"])
def test_keys_that_cannot_be_are_refused(key: str) -> None:
    put("a", t=[1])
    with pytest.raises(BadExport, match="characters that no key has"):
        export(key)


def test_nothing_to_export_is_said() -> None:
    with pytest.raises(BadExport, match="nothing to export"):
        export("*")


def test_progress_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", t=[*range(20)], u=[*range(20)])
    monkeypatch.setattr(export_job, "ROWS", 5)
    made = export_of(ALL, ["*"], "", "", now=ARRIVAL)
    doing, seen = ExportWork(Job(options=made.options())), []
    while True:
        progress = doing.step()
        seen.append(progress.done)
        if progress.finished:
            break
    assert seen == sorted(seen)
    assert seen[-1] == progress.total


def test_an_export_of_before_a_device_was_deleted_goes_on() -> None:
    put("a", t=[1])
    made = Export([Series.objects.get().pk, 999_999], [1], 0, ARRIVAL)
    progress = ExportWork(Job(options=made.options())).step()
    assert progress.result == {"rows": 1, "withheld": 1}


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    put("a", t=[1, 2])
    path = tmp_path / "out.csv"
    call_command("export", "a/t", "-o", str(path))
    assert path.read_bytes() == export("a/t")
    with pytest.raises(CommandError, match="no user"):
        call_command("export", "*", "--user", "nobody")
    with pytest.raises(CommandError, match="names no series"):
        call_command("export", "x/y")
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("export", "*", "-o", str(tmp_path / "no" / "where"))


@pytest.mark.parametrize("text", ["=1", "+1", "-x", "@y", "'=1", "plain", "it's", "", "\tz"])
def test_guarding_a_cell_can_be_undone(text: str) -> None:
    assert formats.unguarded(formats.guarded(text)) == text


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_what_a_spreadsheet_takes_for_a_formula_is_guarded(first: str) -> None:
    assert formats.guarded(f"{first}1+1") == f"'{first}1+1"


@pytest.mark.parametrize(
    "text", ["a;=cmd", "a;+1;-2", "x\t@y", ";'=a", "'=a", "=1;=2", "a;b", "a;;=b", "a;'b", "-5"]
)
def test_no_part_of_a_cell_is_taken_for_a_formula_and_all_come_back(text: str) -> None:
    safe = formats.guarded(text)
    assert not any(part.startswith(tuple("=+-@")) for part in re.split(r"[;\t\r\n]", safe))
    assert formats.unguarded(safe) == text
