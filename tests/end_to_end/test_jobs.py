"""Exports and imports by people: asked for on a page, watched live, fetched, brought back."""

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.bench.support.measure import rss
from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
READINGS = 2_000


def fill(plant: Plant, count: int = READINGS) -> None:
    now = int(time.time() * 1_000)
    readings = [{"ts": now - (count - n) * 1_000, "t": n, "on": n % 3 == 0} for n in range(count)]
    publish(
        plant,
        [
            ("devices/press-3/telemetry", json.dumps(readings[n : n + 500]))
            for n in range(0, count, 500)
        ],
    )
    wait_until(lambda: plant.count() == 2 * count, "the rows", 60)


class Answer(NamedTuple):
    status: int
    headers: Any
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


def call(plant: Plant, path: str, body: Any = None, **headers: str) -> Answer:
    token = call.tokens.setdefault(plant.name, plant.token())  # type: ignore[attr-defined]
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    given = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{plant.base}/api/v1{path}", data, given)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return Answer(answer.status, answer.headers, answer.read())


call.tokens = {}  # type: ignore[attr-defined]


def done(plant: Plant, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(call(plant, f"/jobs/{number}").json())
        return found["state"] in {"done", "failed", "cancelled"}

    wait_until(ended, "the job's end", 60)
    return found


def test_a_person_exports_a_device_and_imports_it_again(plant: Plant, tmp_path: Path) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    fill(plant)
    with chromium() as browser:
        page = Watched(browser, plant.base, accept_downloads=True)
        page.log_in()
        page.goto("/devices/press-3/")
        page.page.click("text=Export")
        page.shot("export-form")
        page.page.click("button:has-text('Export')")
        before = page.navigations
        page.wait("document.querySelector('.job').dataset.state === 'done'")
        assert page.navigations == before
        page.shot("jobs-done")
        with page.page.expect_download() as waiting:
            page.page.click(".job [data-file]")
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.suffix == ".csv"
        assert len(path.read_text().splitlines()) == 1 + 2 * READINGS

        before_rows = plant.sql("SELECT series_id, ts, value FROM devices_reading ORDER BY 1, 2")
        plant.sql("DELETE FROM devices_reading WHERE value > 100")
        page.goto("/import")
        page.page.set_input_files("#file", path)
        page.page.click("button:has-text('Upload')")
        assert "press-3" in page.page.inner_text("table")
        page.shot("import-preview")
        page.page.click("button:has-text('Start the import')")
        page.wait("document.querySelector('.job').dataset.state === 'done'")
        page.shot("import-done")
        rows = plant.sql("SELECT series_id, ts, value FROM devices_reading ORDER BY 1, 2")
        assert rows == before_rows
        assert not page.problems
        assert not page.foreign


def test_a_wrong_file_is_said_by_line_and_column(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    fill(plant, 10)
    content = b"when;temp\nsoon;22\nlater;23\n20.11.2025, 12:00;21,5\n"
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/import")
        page.page.set_input_files(
            "#file", {"name": "room.csv", "mimeType": "text/csv", "buffer": content}
        )
        page.page.fill("#device", "press-3")
        page.page.click("button:has-text('Upload')")
        page.page.click("button:has-text('Start the import')")
        assert "choose the column that holds the time" in page.page.inner_text("[role=alert]")
        page.page.select_option("#time-1", "when")
        page.page.select_option("#order", "dmy")
        page.page.uncheck("input[name=metrics][value=when]")
        page.page.click("button:has-text('Preview')")
        assert "temp = 21.5" in page.page.inner_text("table")
        assert "line 2, column when" in page.page.inner_text("table")
        page.shot("import-errors")
        page.page.click("button:has-text('Start the import')")
        page.wait("document.querySelector('.job').dataset.state === 'done'")
        assert "1 reading stored" in page.page.inner_text(".job")
        assert page.page.is_visible("text=Lines that were refused")


def test_a_download_goes_on_where_it_was_cut(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    fill(plant)
    asked = call(plant, "/exports", {"keys": ["*"], "format": "jsonl"}).json()
    job = done(plant, asked["id"])
    assert job["state"] == "done"
    answer = call(plant, f"/jobs/{job['id']}/file")
    whole, etag = answer.content, answer.headers["ETag"]
    assert len(whole) == job["result"]["bytes"] == int(answer.headers["Content-Length"])
    where = f"/jobs/{job['id']}/file"
    part = call(plant, where, Range="bytes=1000-1999")
    assert (part.status, part.content) == (206, whole[1_000:2_000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
    rest = call(plant, where, Range="bytes=1000-", **{"If-Range": etag})
    assert rest.content == whole[1_000:]
    assert call(plant, where, Range="bytes=-10").content == whole[-10:]
    assert call(plant, where, Range="bytes=1-", **{"If-Range": '"other"'}).status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(plant, where, Range=f"bytes={len(whole)}-")
    assert refused.value.code == 416
    refused.value.close()


def test_the_api_says_what_is_wrong(plant: Plant) -> None:
    plant.web()
    plant.add_user()
    for path, body, parameter in (
        ("/exports", {"keys": ["x/y"]}, "keys"),
        ("/exports", {"keys": ["*"], "zone": "Mars"}, "keys"),
        ("/imports?name=x.csv", b"", "file"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            call(plant, path, body)
        with refused.value as answer:
            problem = json.load(answer)
        assert (problem["status"], problem["errors"][0]["parameter"]) == (422, parameter)
    told = call(plant, "/imports?name=x.csv&device=a", b"time,t\n2026-01-01,1\n").json()
    assert told["mapping"]["metrics"] == ["t"]
    assert told["preview"][0]["values"][0]["value"] == 1.0
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(plant, f"/imports/{told['id']}/start", {"time": ["never"]})
    with refused.value as answer:
        problem = json.load(answer)
    assert problem["errors"][0]["parameter"] == "time"
    started = call(plant, f"/imports/{told['id']}/start", {}).json()
    assert started["state"] == "waiting"
    cancelled = call(plant, f"/jobs/{told['id']}/cancel", {}).json()
    assert cancelled["state"] == "cancelled"


def test_a_reader_that_takes_nothing_costs_no_memory(plant: Plant) -> None:
    """Daphne would take the whole file into its memory; we wait for the reader."""
    web = plant.web()
    plant.add_user()
    plant.sql(
        "INSERT INTO devices_job (kind, title, state, options, asked_at, asked_by_id, position, "
        "done, total, words, result, cancel, holder, epoch, tries) SELECT 'export', '', 'done', "
        "'{}', now(), NULL, '{}', 1, 1, '', '{\"bytes\": 1}', false, '', 1, 0"
    )
    plant.manage("shell", "-c", _FILL)
    ((number,),) = plant.sql("SELECT id FROM devices_job")
    before = rss(web.pid)
    readers = []
    for _ in range(3):
        reader = http.client.HTTPConnection("127.0.0.1", plant.web_port)
        reader.connect()
        reader.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        headers = {"Authorization": f"Bearer {plant.token()}"}
        reader.request("GET", f"/api/v1/jobs/{number}/file", headers=headers)
        readers.append(reader)
    answers = [reader.getresponse() for reader in readers]
    heads = [answer.read(1_000) for answer in answers]
    # The server still answers others, and its memory stays.
    assert call(plant, f"/jobs/{number}").json()["state"] == "done"
    wait_until(lambda: rss(web.pid) - before < 60_000_000, "memory that stays", 10)
    assert len(answers[0].read()) + len(heads[0]) == 150_000_000
    for answer, reader in zip(answers, readers, strict=True):
        answer.close()
        reader.close()


_FILL = """
from devices.jobs import files
from devices.models import Job
files.store(Job.objects.get().pk, "out", (bytes([n]) * 1_000_000 for n in range(150)))
"""
