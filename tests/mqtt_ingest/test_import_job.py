"""Imports: stored once, by the rules of packets; errors by line, and good lines kept.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import csv
import io
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from devices import queries
from devices.access import Scope
from devices.exports.job import ExportWork
from devices.exports.request import export_of
from devices.imports import uploads
from devices.jobs import files, requests
from devices.jobs.runner import Runner
from devices.models import (
    Change,
    Device,
    DeviceCounts,
    Job,
    Membership,
    Reading,
    Series,
    Site,
    Writer,
)
from devices.retention import parts
from devices.storage import dialects, leases, partitions
from mqtt_ingest import import_job
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store
from tests.support.factories import ARRIVAL

pytestmark = pytest.mark.usefixtures("tables")
HEADER = b"time,device,metric,kind,unit,value\n"
T0 = 1_763_640_000_000_000  # 2025-11-20 12:00 UTC


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def lines(*rows: str) -> bytes:
    return HEADER + "".join(f"2025-11-20T12:00:{row}\n" for row in rows).encode()


def start(content: bytes, user: Any = None, **mapping: Any) -> Job:
    job = uploads.upload("it.csv", [content], "", user)
    uploads.remap(job, mapping, may_create=True)
    assert uploads.start(job)
    return job


def finish(job: Job) -> Job:
    one = Runner("one")
    while one.step():
        pass
    job.refresh_from_db()
    return job


def errors(job: Job) -> list[dict[str, str]]:
    content = b"".join(files.pieces(job.pk, files.OUT)).decode()
    return list(csv.DictReader(io.StringIO(content)))


def stored() -> dict[tuple[str, str, int], Any]:
    return {
        (row.series.device.key, row.series.metric, row.ts): row.value
        if row.text is None
        else row.text
        for row in Reading.objects.select_related("series__device")
    }


def test_good_lines_are_stored_and_bad_ones_are_named() -> None:
    Device.objects.create(key="a")
    job = finish(
        start(
            lines(
                "00Z,a,t,number,°C,1",
                "01Z,a,t,number,°C,x",
                "02Z,b,t,number,,1",
                "03Z,a,s,text,,=1",
            )
        )
    )
    assert job.state == "done"
    assert stored() == {("a", "t", T0): 1.0, ("a", "s", T0 + 3 * 10**6): "=1"}
    assert errors(job) == [
        {"line": "3", "column": "value", "reason": "'x' is no number"},
        {
            "line": "4",
            "column": "device",
            "reason": "there is no device 'b', or you may not change it",
        },
    ]
    assert job.result["stored"] == 2
    assert job.result["bad"] == 2
    assert Series.objects.get(metric="t").unit == "°C"
    assert Change.objects.filter(writer="import").exists()
    # Nobody heard of the device now.
    assert Device.objects.get(key="a").last_seen is None
    assert not DeviceCounts.objects.exists()


def test_importing_twice_changes_nothing() -> None:
    Device.objects.create(key="a")
    content = lines("00Z,a,t,number,,1", "01Z,a,t,number,,2")
    finish(start(content))
    before = stored()
    job = finish(start(content))
    assert stored() == before
    assert (job.result["stored"], job.result["known"], job.result["bad"]) == (0, 2, 0)


def test_another_value_for_the_same_time_is_an_error() -> None:
    Device.objects.create(key="a")
    finish(start(lines("00Z,a,t,number,,1")))
    job = finish(start(lines("00Z,a,t,number,,2")))
    assert stored() == {("a", "t", T0): 1.0}
    assert "has another value for the same time" in errors(job)[0]["reason"]


def test_an_export_comes_back_as_it_was() -> None:
    writer = make_writer()
    store(
        writer,
        entry({"ts": T0 / 1e3, "t": 1.25, "on": True, "s": "'=x"}, "a"),
        entry({"ts": T0 / 1e3 + 0.5, "t": "odd", "on": False, "s": "12"}, "a"),
    )
    before = stored()
    for form in ("csv", "jsonl"):
        made = export_of(Scope(everything=True), ["*"], "", "", now=ARRIVAL, format=form)
        content = ExportWork(Job(options=made.options())).step().output
        Device.objects.all().delete()
        Series.objects.all().delete()
        Reading.objects.all().delete()
        job = uploads.upload(f"it.{form}", [content], "", None)
        uploads.remap(job, {"create": True}, may_create=True)
        uploads.start(job)
        assert finish(job).result["bad"] == 0, errors(job)
        assert stored() == before, form


def test_only_operators_may_write() -> None:
    site = Site.objects.create(slug="s", name="S")
    for key in ("mine", "seen", "other"):
        Device.objects.create(key=key, site=site if key != "other" else None)
    other = Site.objects.create(slug="o", name="O")
    Device.objects.filter(key="seen").update(site=other)
    user = get_user_model().objects.create_user("anna")
    Membership.objects.create(user=user, site=site, role="operator")
    Membership.objects.create(user=user, site=other, role="viewer")
    rows = [f"0{n}Z,{key},t,number,,1" for n, key in enumerate(("mine", "seen", "other", "new"))]
    job = finish(start(lines(*rows), user, create=True))
    assert {device for device, _metric, _ts in stored()} == {"mine"}
    assert [row["line"] for row in errors(job)] == ["3", "4", "5"]
    assert not Device.objects.filter(key="new").exists()


def test_a_week_that_is_dropped_between_two_steps_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_job, "LINES", 1)
    for key in "ab":
        Device.objects.create(key=key)
    job = start(lines("01Z,a,t,number,,1", "02Z,b,t,number,,2"))
    one = Runner("one")
    one.step()
    Reading.objects.all()._raw_delete(using="default")
    for end, name in partitions.ends():  # none on SQLite
        assert parts.drop(end, name)
    while one.step():
        pass
    job.refresh_from_db()
    assert (job.state, job.result["bad"]) == ("done", 0)
    assert [device for device, _metric, _ts in stored()] == ["b"]


def test_it_goes_on_where_it_was_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "LINES", 3)
    Device.objects.create(key="a")
    rows = [f"{n:02}Z,a,t,number,,{n if n % 5 else 'x'}" for n in range(20)]
    job = start(lines(*rows))
    for number in range(40):
        one = Runner(f"runner {number}")
        one.step()
        one.release()
        Job.objects.filter(state="running").update(lease_until=None)
        leases.release("import", Writer.objects.get(pk="import").epoch)
    job.refresh_from_db()
    assert job.state == "done"
    assert len(stored()) == 16
    assert [row["line"] for row in errors(job)] == ["2", "7", "12", "17"]


def test_one_import_waits_for_the_other() -> None:
    Device.objects.create(key="a")
    epoch = leases.acquire("import", "somebody", dialects.dialect())
    job = start(lines("00Z,a,t,number,,1"))
    one = Runner("one")
    assert not one.step()
    job.refresh_from_db()
    assert job.words == "another import is under way"
    leases.release("import", epoch or 0)
    other = start(lines("01Z,a,t,number,,1"))
    requests.cancel(other)
    # Passed over once, then taken up again.
    assert not one.step()
    while one.step():
        pass
    job.refresh_from_db()
    assert job.state == "done"
    assert list(stored().values()) == [1.0]


def test_what_retention_removed_is_not_taken_in_again() -> None:
    device = Device.objects.create(key="a")
    Series.objects.create(device=device, metric="t", raw_since=T0 + 10**6)
    job = finish(start(lines("00Z,a,t,number,,1", "02Z,a,t,number,,2")))
    assert list(stored()) == [("a", "t", T0 + 2 * 10**6)]
    assert job.result["expired"] == 1
    assert "1 older than what is kept" in job.words


def test_metrics_beyond_the_limit_are_named(settings: Any) -> None:
    settings.MAX_SERIES_PER_DEVICE = 1
    Device.objects.create(key="a")
    job = finish(start(lines("00Z,a,t,number,,1", "00Z,a,u,number,,1")))
    assert (job.result["stored"], job.result["known"], job.result["bad"]) == (1, 0, 1)
    assert errors(job)[0]["column"] == "u"


def test_a_disabled_device_is_named() -> None:
    Device.objects.create(key="a", enabled=False)
    job = finish(start(lines("00Z,a,t,number,,1")))
    assert not stored()
    assert (job.result["known"], errors(job)[0]["reason"]) == (0, "device 'a' is disabled")


def test_errors_are_no_formulas() -> None:
    Device.objects.create(key="a")
    content = b"time,=HYPERLINK(1)\n2025-11-20T12:00:00Z," + b"x" * 5_000 + b"\n"
    job = uploads.upload("it.csv", [content], "a", None)
    uploads.start(job)
    assert errors(finish(job))[0]["column"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("name", "device", "content"),
    [
        ("a\0.csv", "", b"time,t\n"),
        ("x.jsonl", "", b'{"\\ud800": 1, "a\\u0000": 2, "time": 3}\n'),
        ("x.csv", "", b"time,a\0b\n1,2\n"),
        ("x.jsonl", "", b'{"a":' + b"[" * 60_000),
        ("x.csv", "", b"," * 60_000),
    ],
)
def test_hostile_files_are_uploaded_and_shown(name: str, device: str, content: bytes) -> None:
    job = uploads.upload(name, [content], device, None)
    found = uploads.preview(Job.objects.get(pk=job.pk))
    assert len(found.columns) <= 1_000
    assert all(column.isprintable() for column in found.columns)


def test_an_upload_that_breaks_off_leaves_nothing() -> None:
    def chunks() -> Any:
        yield b"time,t\n" * 100_000
        raise OSError("the connection broke")

    with pytest.raises(OSError, match="broke"):
        uploads.upload("x.csv", chunks(), "", None)
    assert not Job.objects.exists()


def test_an_upload_is_bounded(settings: Any) -> None:
    settings.IMPORT_MB = 1
    with pytest.raises(uploads.BadUpload, match="over 1 MB"):
        uploads.upload("x.csv", [b"x" * 1_000_001], "", None)
    with pytest.raises(uploads.BadUpload, match="empty"):
        uploads.upload("x.csv", [], "", None)
    assert not Job.objects.exists()


def test_a_started_import_cannot_be_started_again() -> None:
    Device.objects.create(key="a")
    job = start(lines("00Z,a,t,number,,1"))
    assert not uploads.start(job)
    assert requests.cancel(job)


def test_the_command_shows_and_stores(tmp_path: Path) -> None:
    path = tmp_path / "room.csv"
    path.write_text("when,T\nlater,1\n")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="choose the column that holds the time"):
        call_command("import", str(path), "--device", "room")
    path.write_text("when,T\n2025-11-20 12:00:00,1\nnever,2\n")
    given = [str(path), "--device", "room", "--map", "time=when", "--map", "metrics=T", "--create"]
    call_command("import", *given, "--dry-run", stdout=out)
    assert "room T=1.0" in out.getvalue()
    assert not stored()
    call_command("import", *given, stdout=out, stderr=err)
    assert stored() == {("room", "T", T0): 1.0}
    assert "3,when,'never' is no time" in err.getvalue()
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import", str(tmp_path / "none.csv"))


def test_pages_see_what_was_imported_as_the_newest() -> None:
    device = Device.objects.create(key="a")
    finish(start(lines("05Z,a,t,number,,5", "01Z,a,t,number,,1")))
    (info,) = queries.series_of([device.pk])
    assert list(queries.latest([info]).values()) == [(T0 + 5 * 10**6, 5.0)]


def test_an_hour_that_comes_twice_is_stored_whole_over_any_number_of_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_job, "LINES", 1)
    Device.objects.create(key="a")
    clocks = ["01:45", "02:00", "02:30", "02:00", "02:30", "03:00"]
    rows = "".join(f"2025-10-26 {clock},{n}\n" for n, clock in enumerate(clocks))
    done = finish(start(f"time,t\n{rows}".encode(), fixed_device="a", zone="Europe/Berlin"))
    assert done.result["bad"] == 0
    stored = list(Reading.objects.order_by("ts").values_list("value", flat=True))
    assert stored == [0, 1, 2, 3, 4, 5]


def test_sixty_rows_that_do_not_tell_and_one_that_does() -> None:
    Device.objects.create(key="a")
    rows = "".join(f"05/11/2025 12:{n:02},{n}\n" for n in range(60))
    job = start(f"time,t\n{rows}13/11/2025 12:00,60\n".encode(), fixed_device="a")
    finish(job)
    assert Reading.objects.order_by("ts").values_list("ts", flat=True)[0] == 1_762_344_000_000_000
    assert Reading.objects.count() == 61


def test_an_upload_of_utf_16_with_units_and_a_preamble() -> None:
    Device.objects.create(key="a")
    text = "Logger 7\r\n\r\nZeit\tT\tRH\r\n\t[°C]\t%\r\n20.11.2025 12:00\t21,5\tn/a\r\n"
    job = start(text.encode("utf-16"), fixed_device="a")
    assert finish(job).result["stored"] == 1
    assert Series.objects.values_list("metric", "unit", "kind").get() == ("T", "°C", "number")


def test_a_workbook_is_refused_in_words_and_leaves_nothing() -> None:
    with pytest.raises(uploads.BadUpload, match="save it as CSV"):
        uploads.upload("x.xlsx", [b"PK\x03\x04" + b"\0" * 100], "", None)
    assert not Job.objects.exists()


def test_the_command_asks_for_the_order_and_shows_times(tmp_path: Path) -> None:
    Device.objects.create(key="a")
    path = tmp_path / "x.csv"
    path.write_bytes("time,t\n05/11/2025 12:00,1\n".encode("utf-16"))
    with pytest.raises(CommandError, match="--map order="):
        call_command("import", path, "--device", "a", "--dry-run")
    out = StringIO()
    zone = ("--zone", "Europe/Berlin")
    call_command(
        "import", path, "--device", "a", "--map", "order=dmy", "--dry-run", *zone, stdout=out
    )
    assert "2025-11-05T12:00:00+01:00 a t=1.0" in out.getvalue()


def test_the_command_names_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(b"\x1f\x8b" + b"\0" * 50)
    with pytest.raises(CommandError, match="unpack it first"):
        call_command("import", path, "--device", "a")
