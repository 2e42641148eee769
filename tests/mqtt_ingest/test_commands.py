"""The operator's commands beside a running worker."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mqtt_ingest import checks
from mqtt_ingest.recordings.reader import BadRecordingError, Reading, read
from tests.support.services import free_port, wait_until
from tests.support.stack import Plant, publish


@pytest.mark.services
def test_tail_status_and_the_workers_port(plant: Plant) -> None:
    port = str(free_port())
    plant.worker(WORKER_HTTP_PORT=port)
    publish(plant, [("devices/a/telemetry", '{"t": 1}'), ("devices/a/telemetry", "\x1b[31mred")])
    wait_until(lambda: plant.count() == 1, "the row")
    wait_until(lambda: plant.count("mqtt_ingest_deadletter") == 1, "the dead letter")
    printed = plant.manage("tail", "--count", "2", WORKER_HTTP_PORT=port)
    assert 'q1 devices/a/telemetry {"t": 1} -> stored' in printed
    assert "-> dead letter not_json" in printed
    assert "\x1b" not in printed
    filtered = plant.manage("tail", "--count", "1", "--device", "a", WORKER_HTTP_PORT=port)
    assert "devices/a/telemetry" in filtered
    assert "ingest: up" in plant.manage("status", "--check")
    base = f"http://127.0.0.1:{port}"
    metrics = urllib.request.urlopen(f"{base}/metrics").read().decode()
    assert 'iotbridge_readings_stored_total{broker=""} 1.0' in metrics
    assert 'iotbridge_rejected_total{broker="",reason="not_json"} 1.0' in metrics
    for path, status in (("/packets", 401), ("/nothing", 404)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(base + path)
        assert refused.value.code == status
        refused.value.close()


@pytest.mark.usefixtures("tables")
def test_decode_says_what_a_packet_would_become(capsys: pytest.CaptureFixture[str]) -> None:
    payload = json.dumps({"t": 1.5, "on": "off", "bad": [[]], "ts": "2026-02-30"})
    call_command("decode", "devices/a/telemetry", payload)
    printed = capsys.readouterr().out
    for words in ("t = 1.5 (number)", "on = False (boolean)", "not stored: bad.0", "was replaced"):
        assert words in printed
    with pytest.raises(SystemExit):
        call_command("decode", "devices/a/telemetry", '{"t"')
    assert "dead letter: not_json" in capsys.readouterr().out


@pytest.mark.usefixtures("tables")
def test_a_token_needs_a_person() -> None:
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("create_token", "nobody")


def test_status_check_fails_without_a_worker(tables: None) -> None:
    with pytest.raises(SystemExit):
        call_command("status", "--check")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "no time column"),
        ("time,b\nsoon,2\n", "line 2"),
        ("", "no time column"),
    ],
)
def test_a_bad_recording_says_which_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(BadRecordingError, match=words):
        list(read(path, Reading()))


def test_recordings_in_the_forms_that_people_have(tmp_path: Path) -> None:
    numbered = tmp_path / "numbered.csv"
    numbered.write_text('"date","t"\n"1","2015-02-02 14:19:00",23.7\n')
    split = tmp_path / "split.csv"
    split.write_text("Date,Time,CO(GT),T,,\n3/10/2004,18:00:00,2.6,-200,,\n,,,,,\n")
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"ts": 1700000000, "t": 1}\n\n{"ts": "2023-11-14T22:13:21", "t": 2}\n')
    berlin = Reading(zone="Europe/Berlin", order="mdy", missing=frozenset({-200.0}))
    assert [(r.ts, r.values) for r in read(numbered, berlin)] == [
        (1_422_883_140_000_000, {"t": 23.7})
    ]
    assert [(r.ts, r.values) for r in read(split, berlin)] == [
        (1_078_938_000_000_000, {"CO(GT)": 2.6})
    ]
    assert [r.values["t"] for r in read(lines, Reading())] == [1, 2]


def test_replay_checks_its_arguments(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("time,t\n2026-01-01,1\n")
    for arguments, words in (
        ([str(tmp_path / "none.csv")], "no file"),
        ([str(path), str(path), "--device", "x"], "one file"),
        ([str(path), "--speed", "0"], "--fast"),
        ([str(path), "--zone", "Mars"], "time zone"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("replay", *arguments)


def test_the_order_of_apps_is_checked(settings) -> None:
    assert checks.check_app_order() == []
    settings.INSTALLED_APPS = ["channels", "mqtt_ingest"]
    assert checks.check_app_order()[0].id == "mqtt_ingest.E001"
    settings.MQTT_CERT_FILE = "/a.crt"
    assert checks.check_client_certificate()[0].id == "mqtt_ingest.E002"
