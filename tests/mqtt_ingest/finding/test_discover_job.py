"""The job behind `/connect`, at a real broker: what it finds is accepted, and failures say why."""

import json
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from django.core.exceptions import ValidationError
from paho.mqtt.enums import CallbackAPIVersion

from devices import source_port
from devices.jobs import files, requests
from devices.jobs.runner import Runner
from devices.models import Job, Source
from devices.registry.brokers import add
from mqtt_ingest.finding import discover_job
from tests.mqtt_ingest.finding.test_discover import broker, url  # noqa: F401 - fixtures
from tests.support.services import free_port

pytestmark = [pytest.mark.usefixtures("tables"), pytest.mark.services]


@pytest.fixture(autouse=True)
def _quick_and_beside_a_broker(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.STANDALONE = False
    monkeypatch.setattr(discover_job, "STEP_SECONDS", 0.3)


def run(seconds: int = 2, **options: object) -> Job:
    job = requests.ask(discover_job.KIND, "it", {"seconds": seconds, **options}, None)
    runner = Runner("one")
    while runner.step():
        pass
    job.refresh_from_db()
    return job


def found(job: Job) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(b"".join(files.pieces(job.pk, files.OUT)))
    return told


def test_what_a_broker_carries_is_found_and_accepted(url: str) -> None:  # noqa: F811
    job = run()
    assert (job.state, job.percent) == ("done", 100)
    assert job.words == "4 packets on 4 topics"
    proposals = found(job)
    assert [one["convention"] for one in proposals] == ["zigbee2mqtt", "templates"]
    assert proposals[0]["devices"][0]["values"]["temperature"] == {"value": 11.5, "unit": "°C"}
    assert source_port.port().accept(proposals[:1], "") == ["zigbee2mqtt"]
    assert set(Source.objects.values_list("name", flat=True)) == {"native", "zigbee2mqtt"}
    assert [one["convention"] for one in found(run())] == ["templates"]


def test_a_broker_that_is_not_there_fails_the_job_by_name(settings: Any) -> None:
    settings.MQTT_URL = f"mqtt://127.0.0.1:{free_port()}"
    job = run()
    assert job.state == "failed"
    assert f"{settings.MQTT_URL} cannot be reached" in job.words


def test_a_broker_that_was_added_is_listened_to(broker: Any) -> None:  # noqa: F811
    row = add(f"127.0.0.1:{broker.port}")
    job = run(broker=row.name)
    assert (job.state, job.words) == ("done", "4 packets on 4 topics")
    assert source_port.port().accept(found(job)[:1], row.name) == ["zigbee2mqtt-127-0-0-1"]
    assert found(run(broker=row.name))[0]["convention"] == "templates"


def test_a_broker_that_was_deleted_meanwhile_fails_the_job() -> None:
    job = run(broker="gone")
    assert (job.state, job.words) == ("failed", "There is no broker gone any more.")


def test_a_password_kept_with_another_key_fails_the_job(settings: Any) -> None:
    row = add("127.0.0.1", "me", "secret")
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-a-test"
    job = run(broker=row.name)
    assert job.state == "failed"
    assert "Enter it again" in job.words


def test_a_name_with_half_a_character_stops_no_look(url: str) -> None:  # noqa: F811
    device = {"ieee_address": "0x1", "friendly_name": "\ud800x", "type": "EndDevice"}
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", int(url.rpartition(":")[2]))
    client.loop_start()
    # Beside what the broker keeps for the other tests.
    for topic, payload in (
        ("half/bridge/devices", json.dumps([device])),
        ("half/\u00e4", '{"t": 1, "\\ud800": 2}'),
    ):
        client.publish(topic, payload, qos=1, retain=True).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()
    job = run()
    assert job.state == "done", job.words
    assert "\ud800" not in json.dumps(found(job), ensure_ascii=False)


def test_who_may_only_add_sources_changes_none(url: str) -> None:  # noqa: F811
    proposals = [one for one in found(run()) if one["convention"] == "zigbee2mqtt"]
    port = source_port.port()
    assert port.accept(proposals[:1], "", may_change=False) == ["zigbee2mqtt"]
    Source.objects.filter(name="zigbee2mqtt").update(enabled=False)
    with pytest.raises(ValidationError, match="is there already"):
        port.accept(proposals[:1], "", may_change=False)
    assert not Source.objects.get(name="zigbee2mqtt").enabled
